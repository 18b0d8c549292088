#!/usr/bin/env node
/**
 * `togthr`: names the commands; each is a file of its own in commands/.
 */
import { Command } from 'commander';
import { registerDoctor } from './commands/doctor.ts';
import { registerEval } from './commands/eval.ts';
import { registerMonitor } from './commands/monitor.ts';
import { registerPeers } from './commands/peers.ts';
import { registerRender } from './commands/render.ts';
import { registerRun } from './commands/run.ts';
import { registerSend } from './commands/send.ts';
import { registerServer } from './commands/server.ts';
import { registerSim } from './commands/sim.ts';
import { runCli } from './failure.ts';
import { projectVersion } from './version.ts';

/** A finished command must not be kept alive by a forgotten handle; this is how long we wait, in milliseconds. */
const EXIT_GRACE_MS = 2_000;

function openProgram(): Command {
  const program = new Command('togthr')
    .description('Play in time with people who are elsewhere: a MIDI box and its simulator')
    .version(projectVersion(), '-V, --version', 'print the version')
    .option('--debug', 'show where an unexpected error came from')
    .helpCommand('help [command]', 'show what a command takes')
    .showSuggestionAfterError(true)
    .exitOverride()
    // Our own line is printed by runCli.
    .configureOutput({ outputError: () => {} });
  // What a command needs is loaded when it runs: --help stays quick.
  registerRun(program, async (settings, options, signal) => {
    const { runBox } = await import('./run-box.ts');
    await runBox(settings, options, signal);
  });
  registerSim(program, async (options, signal) => {
    const { runSimulator } = await import('../sim/app/simulator.ts');
    return runSimulator(options, projectVersion(), signal);
  });
  registerServer(program, async (options, signal) => {
    const { runServer } = await import('./run-server.ts');
    await runServer(options, signal);
  });
  registerMonitor(program);
  registerSend(program);
  registerPeers(program);
  registerRender(program);
  registerEval(program, async (options, signal) => {
    const { evaluatePrediction } = await import('./eval/evaluate-prediction.ts');
    await evaluatePrediction(options, signal);
  });
  registerDoctor(program);
  return program;
}

// `togthr monitor --json | head` closes the pipe: that is the end, not a failure; in order, if something is going on.
let piped = true;
process.stdout.on('error', (failure: NodeJS.ErrnoException) => {
  if (!piped) return;
  piped = false;
  if (failure.code !== 'EPIPE') process.exit(1);
  if (process.listenerCount('SIGTERM') === 0) process.exit(0);
  process.emit('SIGTERM');
});

process.exitCode = await runCli(openProgram(), process.argv.slice(2));
setTimeout(() => process.exit(), EXIT_GRACE_MS).unref();

/**
 * `togthr doctor`: what stands between this machine and a good jam, a line each, with the remedy.
 */
import type { Command } from 'commander';
import { findWebRoot } from '../../sim/app/web-root.ts';
import { checkDinMidi, checkNativeModules, checkUsbMidi } from '../doctor/device-checks.ts';
import { type Finding, fail, ok, warn } from '../doctor/finding.ts';
import { checkInternet } from '../doctor/internet-checks.ts';
import {
  checkClock,
  checkDataFolder,
  checkNode,
  checkPriority,
  checkTimers,
} from '../doctor/machine-checks.ts';
import { checkAddresses, checkDiscovery, checkPorts } from '../doctor/network-checks.ts';
import { checkSessionTime } from '../doctor/session-time-check.ts';
import { CommandError, explainFailure } from '../failure.ts';
import {
  addSettingsOptions,
  dataFolder,
  type LoadedSettings,
  loadSettings,
} from '../settings-options.ts';
import { print, printJson, type Tint, tint } from '../terminal.ts';
import { projectVersion } from '../version.ts';

const TINTS: Readonly<Record<Finding['status'], Tint>> = {
  ok: 'green',
  warn: 'yellow',
  fail: 'red',
};

export function registerDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .description('check this machine: a line for each thing, with the remedy')
    .option('--json', 'print as JSON');
  addSettingsOptions(command, ['rtp', 'link', 'control', 'status', 'dataDir']).action(
    async (typed: { readonly json?: true }) => {
      const findings = await examine(command);
      const failed = findings.filter((finding) => finding.status === 'fail').length;
      if (typed.json) printJson({ ok: failed === 0, version: projectVersion(), findings });
      else for (const finding of findings) print(lineOf(finding));
      if (failed > 0)
        throw new CommandError(
          `${failed} of ${findings.length} checks failed; do what the lines marked fail say`,
        );
    },
  );
}

async function examine(command: Command): Promise<readonly Finding[]> {
  const findings: Finding[] = [checkNode()];
  let loaded: LoadedSettings | undefined;
  try {
    loaded = await loadSettings(command);
    findings.push(settingsFinding(loaded));
  } catch (failure) {
    const [what = '', remedy] = explainFailure(failure).line.split('; ');
    findings.push(fail('settings', what, remedy ?? 'see togthr run --help'));
  }
  findings.push(...(await checkNativeModules()), await checkUsbMidi(), await checkDinMidi());
  findings.push(checkAddresses());
  if (loaded) findings.push(...(await checkPorts(loaded.settings)));
  findings.push(...(await checkDiscovery()));
  if (loaded) findings.push(...(await checkInternet(loaded.settings, projectVersion())));
  if (loaded) findings.push(await checkDataFolder(dataFolder(loaded.settings)));
  findings.push(pageFinding(), checkClock());
  if (loaded) findings.push(await checkSessionTime(loaded.settings));
  findings.push(await checkTimers(), checkPriority());
  return findings;
}

function settingsFinding({ warnings, file, each }: LoadedSettings): Finding {
  if (warnings.length > 0)
    return warn('settings', warnings.join('; '), 'correct what it names; see run --print-settings');
  const set = each.filter((one) => one.source !== 'default').length;
  return ok('settings', `${file.path}, ${set} differ from the defaults`);
}

function pageFinding(): Finding {
  const root = findWebRoot();
  return root === undefined
    ? warn('page', 'the page of the simulator is not built', 'npm run build:web')
    : ok('page', 'the page of the simulator is built');
}

function lineOf({ check, status, detail, remedy }: Finding): string {
  const advice = remedy === undefined ? '' : `; ${remedy}`;
  return `${tint(status.padEnd(4), TINTS[status])}  ${check.padEnd(16)}  ${detail}${advice}`;
}

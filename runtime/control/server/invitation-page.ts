/**
 * The page that the https form of an invitation leads to: the same for every code, so that nothing can be tried out on it.
 *
 * The secret is in the fragment, which the browser keeps to itself; the one script writes it into the link for the app.
 */
const STYLE = `
:root { color-scheme: light dark; --ink: #1c1f26; --soft: #5b6474; --back: #f4f5f8; --card: #fff; --key: #1a7f4b }
@media (prefers-color-scheme: dark) { :root { --ink: #e7eaf0; --soft: #98a2b3; --back: #12151b; --card: #1a1e26; --key: #4cc38a } }
body { margin: 0; padding: 2rem 1rem; font: 17px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back) }
main { max-width: 34rem; margin: auto; padding: 1.5rem; border-radius: .8rem; background: var(--card) }
h1 { margin-top: 0; font-size: 1.5rem }
#open { display: inline-block; padding: .7rem 1.2rem; border-radius: .5rem; color: #fff; background: #1a7f4b; font-weight: 600; text-decoration: none }
code { display: block; padding: .6rem; border-radius: .4rem; background: var(--back); overflow-wrap: anywhere; user-select: all }
.soft { color: var(--soft) } [hidden] { display: none }
`;

const SCRIPT = `
const scheme = location.protocol === 'https:' ? 'togthr:' : 'togthr+http:';
const link = scheme + '//' + location.host + location.pathname + location.hash;
const whole = /^#[\\w-]{16}([\\w-]{6})?$/.test(location.hash);
document.getElementById('open').href = link;
document.getElementById('link').textContent = link;
document.getElementById('whole').hidden = !whole;
document.getElementById('cut').hidden = whole;
`;

export const INVITATION_STYLE: string = STYLE;
export const INVITATION_SCRIPT: string = SCRIPT;

export const INVITATION_PAGE: string = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<link rel="icon" href="data:,">
<title>You are invited to play</title>
<style>${STYLE}</style>
<main>
<h1>You are invited to play</h1>
<p>Somebody invites you to a session of <b>jam.togthr</b>: playing music together, each at home, with a small box at each
instrument.</p>
<div id="whole" hidden>
<p><a id="open" href="togthr:">Open the invitation</a></p>
<p>If nothing opens, give this to your box or simulator:</p>
<code id="link"></code>
</div>
<p id="cut" hidden>This link was cut short on its way. Ask for it again, and copy it to the last character.</p>
<noscript><p>Scripts are off: copy the whole address of this page and write <b>togthr</b> in place of <b>https</b>.</p></noscript>
<p class="soft">Whoever has this link may join until it expires, a day after it was made. The part after # stays in your browser:
this server does not see it.</p>
</main>
<script>${SCRIPT}</script>
</html>
`;

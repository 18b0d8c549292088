/** What the simulator has to say, and whether it is there at all. */
import { useJam } from './jam.ts';

export function Notices() {
  const jam = useJam();
  return (
    <div class="notices" role="status" aria-live="polite" data-testid="notices">
      {jam.link.value === 'lost' ? (
        <p class="notice warn" data-testid="lost">
          The simulator is not running. This page goes on by itself when it is back.
        </p>
      ) : null}
      {jam.notices.value.map((notice) => (
        <p class={`notice ${notice.level}`} key={notice.id}>
          {notice.text}
          <button type="button" aria-label="Dismiss" onClick={() => jam.dismiss(notice.id)}>
            ×
          </button>
        </p>
      ))}
    </div>
  );
}

/** Words of the array on which the main thread and the output worker wake each other: each adds, then notifies. */
export const SIGNAL = {
  /** The main thread has put something into a ring, or mail. */
  wake: 0,
  /** The main thread has posted a message. */
  mail: 1,
  /** The worker has put something into a report ring. */
  reports: 2,
};

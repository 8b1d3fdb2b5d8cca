/** A Linux guest did not do what it was asked: the point has failed. Its message is one line, the same wherever it ran. */
export class GuestFailure extends Error {}

/** Receives events of a closed union; absent (undefined) when nobody listens, so that tracing costs one test. */
export type TraceSink<Event> = (event: Event) => void;

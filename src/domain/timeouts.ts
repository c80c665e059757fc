/**
 * Ms without a sign of life after which a small activity is taken for lost with its worker. The worker gives the sign for
 * every activity that was started with this heartbeat timeout; longer ones give their own.
 */
export const QUICK_HEARTBEAT_MS = 15_000;

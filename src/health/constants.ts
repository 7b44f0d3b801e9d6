/** Every number of the health system, with its unit and its reason. Sections refer to docs/resilience.md's source notes. */

// --- the isolate's copy ---------------------------------------------------------------------------------
/** A calm copy may be this old before the next request refreshes it: 1,000 isolates then cost the object about 160 calls/s. */
export const FRESH_MS = 5_000
/** While a target is out or coming back, news must travel faster than the ramp steps. */
export const FRESH_TROUBLED_MS = 1_000
/**
 * A quiet isolate's first request after this pause waits for news: with a copy from before an outage it would be one
 * more that runs into it, and a fleet of few, quiet isolates would take 13 s to have left a dead target.
 */
export const STALE_MS = 10_000
/** Three missed refreshes beyond fresh: the object is gone, and an old verdict is worse than the isolate's own eyes. */
export const UNUSABLE_MS = 20_000
/** What a request may wait when there is no copy to decide by, or a stale one: above a usual round trip, below what a user notices. */
export const FIRST_COPY_WAIT_MS = 150
/** One failing isolate reports at most four times a second. */
export const URGENT_GAP_MS = 250
/** Results that no refresh carried along are sent after this long. */
export const LAZY_FLUSH_MS = 10_000
/**
 * When the answer is later than any usual one, an isolate asks a second time: its message may be lost, and with no copy
 * or an old one a busy isolate would run into an outage with all it has.
 */
export const ASK_AGAIN_MS = 250
/** Pause between refreshes while the object does not answer; doubles from the first to the second. */
export const RETRY_REFRESH_MS = 1_000
export const RETRY_REFRESH_MAX_MS = 10_000
/** Results older than this say nothing about now; a report that was lost does not bring them again. */
export const EVIDENCE_MAX_AGE_MS = 12_000

// --- local breaker --------------------------------------------------------------------------------------
/** At 10 % background failures three in a row are 1 in 1,000; in an outage they are the first three requests. */
export const LOCAL_TRIP_STREAK = 3
export const LOCAL_OPEN_MS = 5_000
export const LOCAL_OPEN_MAX_MS = 20_000
/** A trial that never settles (its isolate's request died) stops blocking the next one. */
export const LOCAL_TRIAL_MS = 22_000
/** With everything red and no object to ask, half of the requests still try: one attempt each, no retry. */
export const LOCAL_PANIC_SHARE = 0.5

// --- retries --------------------------------------------------------------------------------------------
/** Ten successes pay for one retry: load grows by at most 10 %. */
export const RETRY_PER_SUCCESS = 0.1
/** Never more than one saved up: 1,000 isolates with five each would be 5,000 free retries in the first second. */
export const RETRY_TOKENS_MAX = 1
/** What a fresh isolate without a snapshot may assume. */
export const RETRY_SHARE_UNKNOWN = 0.1

// --- evidence -------------------------------------------------------------------------------------------
/** Results are filed by the time at which they happened, in quarters of a second. */
export const BUCKET_MS = 250
/** A minute of windows and a little slack for late reports. */
export const HISTORY_MS = 65_000
/** 95 % confidence. */
export const WILSON_Z = 1.96
/** The known rate is the mean over the half minute that ended six seconds ago: late reports have arrived by then. */
export const RATE_FROM_MS = 36_000
export const RATE_TO_MS = 6_000
/** A known rate falls by half a minute at most: a shut gate or a short lull must not make it look tiny. */
export const RATE_HALF_LIFE_MS = 60_000
/** Below this a rate says nothing: three results a minute. */
export const RATE_MIN_PER_S = 0.05
/** Reported traffic beyond this multiple of the known rate means that the known rate is no longer one. */
export const RATE_OUTGROWN = 3
/** A target's first seconds: isolates report faster, because nothing is known yet. */
export const NEWBORN_MS = 10_000
/** Failures come at once and successes a refresh later: without a rate, wait for both before judging. */
export const WARM_UP_WAIT_MS = 1_500
/** One isolate with more than this share of all failures has a problem of its own. */
export const ONE_ISOLATE_SHARE = 0.8
export const TRUST_WINDOW_MS = 10_000
/** Nobody else has been heard for twice the longest pause between reports: the isolate is alone, and its problem is everybody's. */
export const ALONE_MS = 20_000
/** Reporters remembered per target; enough to see that no single one dominates. */
export const REPORTERS_MAX = 32

// --- machine --------------------------------------------------------------------------------------------
/** Open intervals may be short, because a trial costs one request for the whole fleet. */
export const OPEN_MS = 2_000
export const OPEN_MAX_MS = 5_000
export const OPEN_JITTER = 0.15
/** Successful trials that close the breaker again. */
export const TRIALS_TO_CLOSE = 7
/** A lease must be taken up within this; the object keeps its place a little longer, for the message's way. */
export const LEASE_START_MS = 2_000
export const LEASE_GRANT_MS = 3_000
/** A running trial keeps its lease for the first-event limit and this. */
export const LEASE_SLACK_MS = 2_000
/** First-event limit that a running trial is assumed to have where too little was measured for an adaptive one. */
export const TRIAL_LIMIT_MS = 20_000
/** An isolate with demand asks for a lease at most this often. */
export const WANT_GAP_MS = 1_000
/**
 * A permit is for an isolate's next request. At two a second it is used in time in 98 of 100 cases; a quieter isolate
 * that asks leaves it to busier ones for up to this long, or it lies unused until the object takes it back.
 */
export const BUSY_PER_S = 2
export const QUIET_WAITS_MS = 1_000
/** How fast an isolate forgets what was asked for. */
export const DEMAND_HALF_LIFE_MS = 2_000
export const RAMP_START_SHARE = 1 / 16
/** Isolates follow a new share after a second on average, in asynchronous refresh; with steps of 1.25 s the ramp outran them. */
export const RAMP_STEP_MS = 1_750
/** Each time it had to be taken out again soon after its return, the next ramp takes its steps twice as slowly. */
export const RAMP_STEP_MAX_MS = 8_000
export const RAMP_WINDOW_MS = 1_500
export const RAMP_CLEAN = 0.1
/** Failures at the smallest share that are no accident. */
export const RAMP_FAILURES = 3
/** Without any result the ramp goes on after this long: no traffic, no harm. */
export const RAMP_BLIND_MS = 5_000
/** At full share this long, the next outage is a new one. */
export const FORGIVE_MS = 30_000
/** Weight of a somewhat ill target: never quite nothing, or nobody would notice that it got better. */
export const DEGRADED_MIN = 0.05
export const DEGRADED_POWER = 4

// --- load and panic -------------------------------------------------------------------------------------
/** Urgent reports are thinned so that the object stays well under its soft limit of 1,000 calls/s. */
export const REPORTS_PER_S = 600
export const URGENT_SHARE_MIN = 0.05
/** Beyond that budget refreshes are spaced out too, up to this many times. */
export const STRETCH_MAX = 3
export const PANIC_MIN = 0.05
/** SRE's adaptive throttling: admit up to twice what the upstream accepted. */
export const PANIC_K = 2
export const PANIC_HALF_LIFE_MS = 5_000
/** A receiving target may grow to this multiple of its usual rate, where a cap is configured. */
export const SPILL_GROWTH = 2
/** Ten minutes of rates. */
export const SPILL_HISTORY = 300
export const SPILL_SLOT_MS = 2_000

// --- latency --------------------------------------------------------------------------------------------
export const LATENCY_HALF_LIFE_MS = 60_000
/** Prompt-size classes: up to 1 k, 8 k, 32 k tokens, and more. */
export const PROMPT_CLASSES = [1_000, 8_000, 32_000] as const

// --- gates ----------------------------------------------------------------------------------------------
/** 429 without a word about when: a minute's quota is refilled continuously, so a few seconds are enough to matter. */
export const COOL_DOWN_MS = 5_000
/** An upstream may ask for a long pause, but not for ever. */
export const COOL_DOWN_MAX_MS = 3_600_000
/** `slow_down` is about the slope of our traffic: isolates that meet it pause one by one, so that the fleet slows and does not stop. */
export const SLOW_DOWN_MS = 5_000
/** Nobody mends a key or a bill in less, and a probe opens the gate earlier where it can. */
export const CREDENTIAL_MS = 600_000
/** Below this share of its limit a key is let rest until its reset. */
export const NEARLY_SPENT = 0.02
export const COOL_JITTER = 0.2

// --- active checks --------------------------------------------------------------------------------------
export const TICK_MS = 30_000
export const TICK_JITTER = 0.1
/** An alarm can be late by a minute on failover; beyond that it is lost. */
export const TICK_STUCK_MS = 90_000
/** Two failed checks in a row open a target. */
export const CHECKS_TO_OPEN = 2

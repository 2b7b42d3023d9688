/** Concurrent requests to one host, where nothing says how many. */
export const defaultRequestsPerHost = 8

/** How small requests to a bucket are sent, where nothing says how. */
export const defaultS3Requests = 'fast'

/** Whether this runs compiled, as in the package that others install, and not from its sources. */
export const isInstalled = import.meta.url.endsWith('.js')

#include "CJemalloc.h"

// Read by jemalloc when the process starts; MALLOC_CONF in the environment goes before it.
// A worker has two dozen threads, most of which wait: with an arena for each, what one has freed is of no use to the
// others. Pages that stay unused for a moment go back to the system; much sooner, and the next batch fetches them again.
const char *malloc_conf = "narenas:2,dirty_decay_ms:300,muzzy_decay_ms:0";

#pragma once
// How the worker's memory is allocated: linking this target puts jemalloc in the place of malloc, set as in
// settings.c. There is nothing to call.
extern const char *malloc_conf;

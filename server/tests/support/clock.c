/* A wall clock that jumps: the file ARCANE_CLOCK says by how many seconds. Loaded before the C library (LD_PRELOAD). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
    int (*real)(clockid_t, struct timespec *) = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, time);
    const char *file = getenv("ARCANE_CLOCK");
    int in = clock == CLOCK_REALTIME && file ? open(file, O_RDONLY) : -1;
    if (in >= 0) {
        char text[32] = "";
        if (read(in, text, sizeof text - 1) > 0) time->tv_sec += atoll(text);
        close(in);
    }
    return result;
}

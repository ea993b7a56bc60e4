/* What a disk would hold if the machine went down: every file as it was when it was last synced. And a disk that fails.
 *
 * Loaded before the C library (LD_PRELOAD): each fsync and fdatasync of a file below ARCANE_SYNCED_FROM copies it
 * to the same name in ARCANE_SYNCED_TO. The file ARCANE_FAULT says what fails: "sync" (and what was to be synced is then
 * forgotten for good, as kernels do: the next sync succeeds without it), "erofs", "edquot" or "enospc" (writes). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 4096
#define BLOCKS 65536
#define FILES 16
enum { CLEAN, DIRTY, FORGOTTEN };
static struct { ino_t ino; char block[BLOCKS]; } files[FILES];
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

/* The name of a file below ARCANE_SYNCED_FROM; 0 for all others. */
static int name_of(int fd, char *name, size_t max, struct stat *status) {
    const char *from = getenv("ARCANE_SYNCED_FROM");
    char link[64], path[4096];
    if (!from || fstat(fd, status) || !S_ISREG(status->st_mode)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, sizeof path - 1);
    if (len <= 0) return 0;
    path[len] = 0;
    size_t prefix = strlen(from);
    if (strncmp(path, from, prefix) || path[prefix] != '/') return 0;
    snprintf(name, max, "%s", path + prefix + 1);
    return 1;
}

static char *blocks_of(ino_t ino) {
    for (int i = 0; i < FILES; i++) {
        if (!files[i].ino) files[i].ino = ino;
        if (files[i].ino == ino) return files[i].block;
    }
    abort();
}

static int fails(const char *how) {
    const char *file = getenv("ARCANE_FAULT");
    char word[16] = "";
    int in = file ? open(file, O_RDONLY) : -1;
    if (in < 0) return 0;
    ssize_t len = read(in, word, sizeof word - 1);
    close(in);
    return len > 0 && !strcmp(word, how);
}

static void keep(int fd) {
    const char *to = getenv("ARCANE_SYNCED_TO");
    char name[4096], part[8448], whole[8448], buffer[BLOCK];
    struct stat status;
    if (!to || !name_of(fd, name, sizeof name, &status)) return;
    pthread_mutex_lock(&one_at_a_time);
    char *blocks = blocks_of(status.st_ino);
    snprintf(whole, sizeof whole, "%s/%s", to, name);
    snprintf(part, sizeof part, "%s.part", whole);
    snprintf(buffer, sizeof buffer, "/proc/self/fd/%d", fd);
    int in = open(buffer, O_RDONLY), before = open(whole, O_RDONLY), out = open(part, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    for (off_t at = 0; in >= 0 && out >= 0 && at < status.st_size; at += BLOCK) {
        size_t want = status.st_size - at < BLOCK ? status.st_size - at : BLOCK;
        int forgotten = at / BLOCK < BLOCKS && blocks[at / BLOCK] == FORGOTTEN;
        memset(buffer, 0, sizeof buffer);
        if (pread(forgotten ? before : in, buffer, want, at) < 0) memset(buffer, 0, sizeof buffer);
        if (pwrite(out, buffer, want, at) != (ssize_t)want) break;
    }
    for (int i = 0; i < BLOCKS; i++) if (blocks[i] == DIRTY) blocks[i] = CLEAN;
    if (in >= 0) close(in);
    if (before >= 0) close(before);
    if (out >= 0) close(out);
    rename(part, whole);
    pthread_mutex_unlock(&one_at_a_time);
}

static int sync_fails(int fd) {
    char name[4096];
    struct stat status;
    if (!fails("sync") || !name_of(fd, name, sizeof name, &status)) return 0;
    pthread_mutex_lock(&one_at_a_time);
    char *blocks = blocks_of(status.st_ino);
    for (int i = 0; i < BLOCKS; i++) if (blocks[i] == DIRTY) blocks[i] = FORGOTTEN;
    pthread_mutex_unlock(&one_at_a_time);
    errno = EIO;
    return 1;
}

/* Remembers what is written, or says why it is not. */
static int write_fails(int fd, off_t at, size_t len) {
    char name[4096];
    struct stat status;
    if (!getenv("ARCANE_FAULT") || !name_of(fd, name, sizeof name, &status)) return 0;
    if (fails("erofs") || fails("edquot") || fails("enospc")) {
        errno = fails("erofs") ? EROFS : fails("edquot") ? EDQUOT : ENOSPC;
        return 1;
    }
    pthread_mutex_lock(&one_at_a_time);
    char *blocks = blocks_of(status.st_ino);
    for (off_t i = at / BLOCK; i <= (off_t)(at + len - 1) / BLOCK && i < BLOCKS; i++) blocks[i] = DIRTY;
    pthread_mutex_unlock(&one_at_a_time);
    return 0;
}

#define REAL(type, name, ...) ((type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))

ssize_t write(int fd, const void *bytes, size_t len) {
    if (len && write_fails(fd, lseek(fd, 0, SEEK_CUR), len)) return -1;
    return REAL(ssize_t, "write", int, const void *, size_t)(fd, bytes, len);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at) {
    if (len && write_fails(fd, at, len)) return -1;
    return REAL(ssize_t, "pwrite", int, const void *, size_t, off_t)(fd, bytes, len, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off_t at) {
    if (len && write_fails(fd, at, len)) return -1;
    return REAL(ssize_t, "pwrite64", int, const void *, size_t, off_t)(fd, bytes, len, at);
}

int fsync(int fd) {
    if (sync_fails(fd)) return -1;
    int result = REAL(int, "fsync", int)(fd);
    keep(fd);
    return result;
}

int fdatasync(int fd) {
    if (sync_fails(fd)) return -1;
    int result = REAL(int, "fdatasync", int)(fd);
    keep(fd);
    return result;
}

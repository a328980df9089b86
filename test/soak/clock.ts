/** A library that moves the clock of a process: seconds from a file are added to the time of day. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const source = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <sys/syscall.h>

static volatile int64_t *offset;

__attribute__((constructor)) static void find(void) {
  const char *path = getenv("DGOV_TEST_CLOCK");
  int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) return;
  void *page = mmap(0, 8, PROT_READ, MAP_SHARED, file, 0);
  if (page != MAP_FAILED) offset = page;
  close(file);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  int result = syscall(SYS_clock_gettime, clock, now);
  if (result == 0 && offset && clock == CLOCK_REALTIME) now->tv_sec += *offset;
  return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  struct timespec at;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &at);
  now->tv_sec = at.tv_sec;
  now->tv_usec = at.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *out) {
  struct timespec at;
  clock_gettime(CLOCK_REALTIME, &at);
  if (out) *out = at.tv_sec;
  return at.tv_sec;
}
`;

/** Compiles the library in a folder; null where there is no C compiler or the library cannot be preloaded. */
export async function buildClockShim(folder: string): Promise<string | null> {
  if (process.platform !== "linux" || Bun.which("cc") === null) return null;
  const [from, to] = [join(folder, "clock.c"), join(folder, "clock.so")];
  writeFileSync(from, source);
  const build = Bun.spawn(["cc", "-O1", "-shared", "-fPIC", "-o", to, from], {
    stdio: ["ignore", "ignore", "ignore"],
  });
  return (await build.exited) === 0 ? to : null;
}

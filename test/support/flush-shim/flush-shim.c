/*
 * Loaded before the C library (LD_PRELOAD), it lets flushes of a file fail or take long. A flush is fsync, fdatasync, or a write to a file that
 * was opened with O_DSYNC, as LMDB writes its root.
 *
 * FLUSH_PLAN names a file that is read at every flush; while it is not there, or empty, all goes its way. It has one line:
 *   refuse CALL PART FIRST LAST FATE   of the flushes by CALL (fsync, fdatasync, write, any) of paths with PART in them, counted since the
 *                                      plan is there, these fail with EIO. What they should have flushed is `kept` in the memory of the
 *                                      system, as ext4 does, or `lost` from there too, as btrfs does: the file is what it was before.
 *   slow PART MS                       flushes of such paths take so many milliseconds more
 * FLUSH_LOG names a file that gets a line for each flush: `ok` or `refused`, the call, the path.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* Whatever is done in here goes to the system directly, not through what is replaced. */
struct plan {
  char call[16];
  char part[256];
  long first, last, slow_ms;
  int loses;
};

static int read_plan(struct plan *plan) {
  const char *path = getenv("FLUSH_PLAN");
  long fd = path == NULL ? -1 : syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  char text[512], fate[8];
  long length = syscall(SYS_read, fd, text, sizeof text - 1);
  syscall(SYS_close, fd);
  memset(plan, 0, sizeof *plan);
  if (length <= 0) return 0;
  text[length] = 0;
  if (sscanf(text, "slow %255s %ld", plan->part, &plan->slow_ms) == 2) return 1;
  if (sscanf(text, "refuse %15s %255s %ld %ld %7s", plan->call, plan->part, &plan->first, &plan->last, fate) < 5)
    return 0;
  plan->loses = strcmp(fate, "lost") == 0;
  return 1;
}

static int path_of(int fd, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return path[0] == '/';
}

static void note(int refused, const char *call, const char *path) {
  const char *log = getenv("FLUSH_LOG");
  long fd = log == NULL ? -1 : syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return;
  char line[PATH_MAX + 64];
  int length = snprintf(line, sizeof line, "%s %s %s\n", refused ? "refused" : "ok", call, path);
  syscall(SYS_write, fd, line, (size_t)length);
  syscall(SYS_close, fd);
}

/* What was in the file before each write since its last flush, the newest first. */
struct image {
  struct image *older;
  long at;
  size_t length;
  char bytes[];
};
static struct image *images;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void forget_images(int fd, int restores) {
  pthread_mutex_lock(&mutex);
  while (images != NULL) {
    struct image *image = images;
    images = image->older;
    if (restores) syscall(SYS_pwrite64, fd, image->bytes, image->length, image->at);
    free(image);
  }
  pthread_mutex_unlock(&mutex);
}

static void remember(int fd, size_t length, long at) {
  struct plan plan;
  char path[PATH_MAX];
  if (!read_plan(&plan) || !plan.loses || !path_of(fd, path) || strstr(path, plan.part) == NULL) return;
  /* What was not there before is zero. */
  struct image *image = calloc(1, sizeof *image + length);
  if (image == NULL) return;
  image->at = at;
  image->length = length;
  syscall(SYS_pread64, fd, image->bytes, length, at);
  pthread_mutex_lock(&mutex);
  image->older = images;
  images = image;
  pthread_mutex_unlock(&mutex);
}

/* Which flush under this plan it is; 0 if it is not one that the plan is about. */
static long count(const struct plan *plan, int isOne) {
  static struct plan before;
  static long counted;
  pthread_mutex_lock(&mutex);
  if (memcmp(plan, &before, sizeof before) != 0) counted = 0;
  before = *plan;
  long n = isOne ? ++counted : 0;
  pthread_mutex_unlock(&mutex);
  return n;
}

enum verdict { PASSES, REFUSED, REFUSED_AND_LOST };

static enum verdict judge(int fd, const char *call) {
  struct plan plan = {0};
  char path[PATH_MAX];
  enum verdict verdict = PASSES;
  if (!path_of(fd, path)) return PASSES;
  int isMeant = read_plan(&plan) && strstr(path, plan.part) != NULL;
  long n = count(&plan, isMeant && (strcmp(plan.call, call) == 0 || strcmp(plan.call, "any") == 0));
  if (isMeant && plan.slow_ms > 0) {
    struct timespec time = {plan.slow_ms / 1000, plan.slow_ms % 1000 * 1000000};
    while (nanosleep(&time, &time) != 0 && errno == EINTR) continue;
  } else if (n > 0 && n >= plan.first && n <= plan.last) {
    verdict = plan.loses ? REFUSED_AND_LOST : REFUSED;
  }
  note(verdict != PASSES, call, path);
  if (isMeant) forget_images(fd, verdict == REFUSED_AND_LOST);
  return verdict;
}

static int flushed(int fd, long number, const char *call) {
  if (judge(fd, call) == PASSES) return (int)syscall(number, fd);
  errno = EIO;
  return -1;
}

int fsync(int fd) { return flushed(fd, SYS_fsync, "fsync"); }
int fdatasync(int fd) { return flushed(fd, SYS_fdatasync, "fdatasync"); }

static ssize_t written_at(int fd, const void *bytes, size_t length, off_t at) {
  int flags = fcntl(fd, F_GETFL);
  enum verdict verdict = PASSES;
  if (flags >= 0 && (flags & O_DSYNC) != 0) verdict = judge(fd, "write");
  else remember(fd, length, at);
  ssize_t written = verdict == REFUSED_AND_LOST ? -1 : syscall(SYS_pwrite64, fd, bytes, length, at);
  if (verdict == PASSES) return written;
  errno = EIO;
  return -1;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return written_at(fd, bytes, length, at); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at) { return written_at(fd, bytes, length, at); }

/* LMDB writes pages that lie side by side where the file's offset is. */
ssize_t writev(int fd, const struct iovec *parts, int count) {
  off_t at = lseek(fd, 0, SEEK_CUR);
  size_t length = 0;
  for (int part = 0; part < count; part += 1) length += parts[part].iov_len;
  if (at >= 0) remember(fd, length, at);
  return syscall(SYS_writev, fd, parts, count);
}

ssize_t write(int fd, const void *bytes, size_t length) {
  off_t at = lseek(fd, 0, SEEK_CUR);
  if (at >= 0) remember(fd, length, at);
  return syscall(SYS_write, fd, bytes, length);
}

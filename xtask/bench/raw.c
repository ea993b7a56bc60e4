/* The least that a fan-out can do: one thread, one prepared frame per event, one send(2) per client.
 *
 * cc -O2 -o raw raw.c && ./raw PORT
 *
 * GET is taken for a WebSocket handshake and answered with the accept key of the example in RFC 6455, section 1.3, which
 * is the key that `cargo xtask load` sends. POST publishes its body, and so does each message on a WebSocket of /publish. Requests may come in pieces and many at a time. A
 * client whose socket is full loses the rest of its stream: what a real server does then is what this one leaves out. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <netinet/tcp.h>
#include <unistd.h>

enum { FILES_MAX = 1 << 17, TURN_MAX = 256, REQUEST_MAX = 1 << 20, HEADER_MAX = 4 };

struct connection {
  char *waiting; /* of a publisher: what is not a whole request yet */
  size_t length;
  int at; /* of a reader: its place in the list, counted from 1 */
  int messages; /* of a publisher: whether it has become a WebSocket */
};

static struct connection connections[FILES_MAX];
static int readers[FILES_MAX], readers_count;
static char frame[HEADER_MAX + 0x10000];

static const char switching[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
                                "\x81\x09listening";
static const char upgraded[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                               "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
static const char told[] = "\x81\x14{\"type\":\"published\"}";
static const char published[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void let_go(int file) {
  struct connection *gone = &connections[file];
  if (gone->at > 0) { /* the last reader takes its place */
    int last = readers[--readers_count];
    readers[gone->at - 1] = last;
    connections[last].at = gone->at;
  }
  free(gone->waiting);
  memset(gone, 0, sizeof *gone);
  close(file);
}

static void fan_out(const char *body, size_t length) {
  size_t header = 2;
  frame[0] = (char)0x81;
  if (length < 126) {
    frame[1] = (char)length;
  } else {
    header = 4;
    frame[1] = 126;
    frame[2] = (char)(length >> 8);
    frame[3] = (char)length;
  }
  memcpy(frame + header, body, length);
  for (int i = 0; i < readers_count; i++) send(readers[i], frame, header + length, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* The length of the first message in `text`, or 0 while it is not whole. Publishes it. */
static size_t take_message(int file, unsigned char *text, size_t length) {
  if (length < 8) return 0;
  size_t head = 6, body = text[1] & 0x7f;
  if (body == 126) {
    head = 8;
    body = (size_t)text[2] << 8 | text[3];
  } else if (body == 127) {
    exit(1);
  }
  if (length < head + body) return 0;
  for (size_t i = 0; i < body; i++) text[head + i] ^= text[head - 4 + i % 4];
  fan_out((char *)text + head, body);
  send(file, told, sizeof told - 1, MSG_NOSIGNAL);
  return head + body;
}

/* The length of the first request in `text`, or 0 while it is not whole. Publishes it. */
static size_t take_request(int file, char *text, size_t length) {
  char *end = memmem(text, length, "\r\n\r\n", 4);
  if (!end) return 0;
  size_t head = (size_t)(end - text) + 4, body = 0;
  if (text[0] == 'G' && !strncmp(text, "GET /publish", 12)) {
    connections[file].messages = 1;
    send(file, upgraded, sizeof upgraded - 1, MSG_NOSIGNAL);
    return head;
  }
  if (text[0] == 'G') {
    connections[file].at = ++readers_count;
    readers[readers_count - 1] = file;
    send(file, switching, sizeof switching - 1, MSG_NOSIGNAL);
    return head;
  }
  *end = 0; /* so that the search ends with the head */
  char *field = strcasestr(text, "content-length:");
  *end = '\r';
  if (field) body = strtoul(field + 15, NULL, 10);
  if (body > 0xffff) exit(1);
  if (length < head + body) return 0;
  fan_out(text + head, body);
  send(file, published, sizeof published - 1, MSG_NOSIGNAL);
  return head + body;
}

static void read_from(int file) {
  static char scratch[4096];
  struct connection *from = &connections[file];
  if (from->at > 0) { /* what readers say is of no interest, only that they go */
    if (recv(file, scratch, sizeof scratch, MSG_DONTWAIT) == 0) let_go(file);
    return;
  }
  if (!from->waiting && !(from->waiting = malloc(REQUEST_MAX))) fail("malloc");
  ssize_t got = recv(file, from->waiting + from->length, REQUEST_MAX - from->length, MSG_DONTWAIT);
  if (got <= 0) {
    let_go(file);
    return;
  }
  from->length += (size_t)got;
  size_t done = 0, taken;
  while (done < from->length) {
    char *next = from->waiting + done;
    size_t rest = from->length - done;
    taken = from->messages ? take_message(file, (unsigned char *)next, rest) : take_request(file, next, rest);
    if (!taken) break;
    done += taken;
  }
  from->length -= done;
  memmove(from->waiting, from->waiting + done, from->length);
  if (from->length == 0) { /* idle connections hold no buffer */
    free(from->waiting);
    from->waiting = NULL;
  }
}

int main(int count, char **arguments) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), poll = epoll_create1(0), yes = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  address.sin_port = htons((unsigned short)(count > 1 ? atoi(arguments[1]) : 0));
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) fail("listening");
  struct epoll_event wanted = {.events = EPOLLIN, .data.fd = listener}, turn[TURN_MAX];
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &wanted);
  for (;;) {
    int ready = epoll_wait(poll, turn, TURN_MAX, -1);
    for (int i = 0; i < ready; i++) {
      int file = turn[i].data.fd;
      if (file != listener) {
        read_from(file);
        continue;
      }
      while ((file = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (file >= FILES_MAX) fail("too many connections");
        setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        wanted.data.fd = file;
        epoll_ctl(poll, EPOLL_CTL_ADD, file, &wanted);
      }
    }
  }
}

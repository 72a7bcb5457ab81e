/* SPDX-License-Identifier: GPL-2.0-only */
/* What several commands say, in words and in JSON. */
#ifndef DMABUF_ANSWER_H
#define DMABUF_ANSWER_H

#include <json-c/json.h>
#include <stddef.h>

struct buffer;
struct process;
struct world;

/* Its name and number. */
#define PROCESS_TEXT	256
void add_process(char text[PROCESS_TEXT], const struct process *process);

/* Who holds it: processes, and devices; if there are none, what else does. As much as fits. */
void add_holders(char *text, size_t room, const struct world *world, const struct buffer *buffer);

/* What keeps a buffer that no process has, and for whom perhaps. */
#define KEEPER_TEXT	512
void add_keeper(char *text, size_t room, const struct world *world, const struct buffer *buffer);

struct json_object *buffer_json(const struct world *world, const struct buffer *buffer);
void add_json(struct json_object *object, const char *key, const char *text);

/*
 * The answer for programs, one object, with where it is from if that is a world; what is asked for
 * is its member key. Either that is an object, or a list that is printed as it comes, since there
 * may be very many. What is printed is freed.
 */
void print_json(const struct world *world, const char *key, struct json_object *object);
void begin_json_list(const struct world *world, const char *key);
void print_json_item(struct json_object *object);
void end_json_list(void);

#endif

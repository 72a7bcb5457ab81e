// SPDX-License-Identifier: GPL-2.0-only
/*
 * The compositor: shows each frame of the camera application, and gives its
 * buffer back when it is no longer on screen.
 */
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "copy.h"
#include "display.h"
#include "dmabuf.h"
#include "framebuffer.h"
#include "processes.h"
#include "status.h"

#define FLIP_TIMEOUT_MS 5000
#define NONE (-1)

struct client_buffer {
	int dmabuf;
	struct framebuffer framebuffer;	/* when it is shared with the display */
	const void *memory;		/* when it is copied */
	bool ours;			/* between FRAME and RELEASE */
};

struct compositor {
	const struct pass *pass;
	int socket;
	struct display display;
	struct writeback writeback;
	struct copier copier;
	struct meter meter;
	struct stream stream;
	struct client_buffer buffers[MAX_BUFFERS];
	int on_screen;			/* indices of buffers, or NONE */
	int next;			/* its flip is pending */
	unsigned int waiting[MAX_BUFFERS];
	unsigned int waiting_count;
	unsigned int shown;
	double first_shown;		/* seconds */
	double last_shown;
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static int check_stream(const struct compositor *compositor)
{
	const struct stream *stream = &compositor->stream;
	const struct pixel_format *format = format_by_drm(stream->format);

	if (!format || !stream->width || !stream->height ||
	    stream->stride < format_row_bytes(format, stream->width) ||
	    stream->size < format_size(format, stream->stride, stream->height) ||
	    stream->buffer_count < MIN_BUFFERS || stream->buffer_count > MAX_BUFFERS)
		return fail(STATUS_FAILED, "the camera announced a stream that makes no sense");
	return STATUS_OK;
}

static int receive_buffer(struct compositor *compositor, unsigned int index)
{
	struct client_buffer *buffer = &compositor->buffers[index];
	struct display *display = &compositor->display;
	struct message message;
	int status;

	status = message_expect(compositor->socket, MESSAGE_BUFFER, &message, &buffer->dmabuf);
	if (status)
		return status;
	if (message.index != index)
		return fail(STATUS_FAILED, "the camera sent buffer %u instead of %u",
			    message.index, index);
	if (compositor->pass->copy)
		return dmabuf_map(buffer->dmabuf, compositor->stream.size, &buffer->memory);
	return framebuffer_import(display->fd, display->path, &buffer->framebuffer,
				  &compositor->stream, buffer->dmabuf);
}

static int receive_stream(struct compositor *compositor)
{
	struct message message;
	int status;

	status = message_expect(compositor->socket, MESSAGE_STREAM, &message, NULL);
	if (status)
		return status;
	compositor->stream = message.stream;
	status = check_stream(compositor);
	for (unsigned int i = 0; i < compositor->stream.buffer_count && !status; i++)
		status = receive_buffer(compositor, i);
	return status;
}

static int prepare_display(struct compositor *compositor)
{
	struct display *display = &compositor->display;
	__u32 framebuffer = compositor->buffers[0].framebuffer.id;
	int status = STATUS_OK;

	if (compositor->pass->copy) {
		status = copier_create(&compositor->copier, display, &compositor->stream);
		framebuffer = compositor->copier.targets[0].id;
	}
	if (!status)
		status = display_configure(display, &compositor->stream, framebuffer);
	if (!status && compositor->pass->first)
		report_display(display);
	if (!status)
		report_start(compositor->pass->options->frames, compositor->pass->copy);
	return status;
}

static int set_up(struct compositor *compositor)
{
	const struct options *options = compositor->pass->options;
	struct message message = { .type = MESSAGE_OFFER };
	int status;

	compositor->pass->result->compositor.cpu_step = meter_cpu_step();
	status = display_open(&compositor->display, options->display);
	if (!status)
		status = meter_init(&compositor->meter, options->frames);
	if (!status)
		status = display_offer(&compositor->display, &message.offer);
	if (!status)
		status = message_send(compositor->socket, &message, -1);
	if (!status)
		status = receive_stream(compositor);
	if (!status)
		status = prepare_display(compositor);
	meter_start(&compositor->meter);
	return status;
}

static int show_next(struct compositor *compositor)
{
	int index = compositor->waiting[0];
	struct client_buffer *buffer = &compositor->buffers[index];
	__u32 framebuffer = buffer->framebuffer.id;
	int status = STATUS_OK;

	compositor->waiting_count--;
	memmove(compositor->waiting, compositor->waiting + 1,
		compositor->waiting_count * sizeof(compositor->waiting[0]));
	if (compositor->pass->copy)
		status = copier_copy(&compositor->copier, &compositor->stream, buffer->dmabuf,
				     buffer->memory, &framebuffer);
	if (!status)
		status = display_show(&compositor->display, framebuffer);
	compositor->next = index;
	return status;
}

static int release(struct compositor *compositor, int index)
{
	struct message message = { .type = MESSAGE_RELEASE, .index = index };

	compositor->buffers[index].ours = false;
	return message_send(compositor->socket, &message, -1);
}

/* A flip is done: what it replaced is no longer on screen. */
static int flipped(struct compositor *compositor)
{
	int status = STATUS_OK, before = compositor->on_screen;

	compositor->on_screen = compositor->next;
	compositor->next = NONE;
	compositor->last_shown = now();
	if (!compositor->shown++)
		compositor->first_shown = compositor->last_shown;
	if (before != NONE)
		status = release(compositor, before);
	meter_frame_done(&compositor->meter);
	return status;
}

static int take_frame(struct compositor *compositor)
{
	struct message message;
	int status;

	status = message_expect(compositor->socket, MESSAGE_FRAME, &message, NULL);
	if (status)
		return status;
	if (message.index >= compositor->stream.buffer_count ||
	    compositor->buffers[message.index].ours)
		return fail(STATUS_LOST_BUFFERS,
			    "the camera sent a frame in buffer %u, which it did not have",
			    message.index);
	compositor->buffers[message.index].ours = true;
	compositor->waiting[compositor->waiting_count++] = message.index;
	return STATUS_OK;
}

static int show_frames(struct compositor *compositor)
{
	struct display *display = &compositor->display;
	int status = STATUS_OK;

	while (!status && compositor->shown < compositor->pass->options->frames) {
		struct pollfd fds[] = {
			{ .fd = compositor->socket, .events = POLLIN },
			{ .fd = display->fd, .events = POLLIN },
		};
		/* A camera that is late is the camera's to complain about. */
		int ready = meter_poll(&compositor->meter, fds, 2,
				       display->flip_pending ? FLIP_TIMEOUT_MS : -1);

		if (ready < 0)
			return fail_call(display->path, "poll");
		if (!ready)
			return fail(STATUS_FAILED, "%s: a frame was not on screen within %d s",
				    display->path, FLIP_TIMEOUT_MS / 1000);
		if (fds[0].revents)
			status = take_frame(compositor);
		if (!status && fds[1].revents)
			status = display_read_events(display);
		if (!status && !display->flip_pending && compositor->next != NONE)
			status = flipped(compositor);
		if (!status && compositor->next == NONE && compositor->waiting_count)
			status = show_next(compositor);
	}
	return status;
}

static void note_results(struct compositor *compositor)
{
	struct compositor_result *result = &compositor->pass->result->compositor;
	double seconds = compositor->last_shown - compositor->first_shown;

	result->cost = meter_stop(&compositor->meter);
	result->shown = compositor->shown;
	result->rate = seconds > 0 ? (compositor->shown - 1) / seconds : 0;
	result->copied = copied_bytes();
}

/*
 * The last frame stays on screen while it is captured, and its buffer stays
 * ours, so the camera cannot write what it is about to be compared with.
 */
static int capture(struct compositor *compositor)
{
	struct writeback *writeback = &compositor->writeback;
	struct display *display = &compositor->display;
	struct message message = {
		.type = MESSAGE_CAPTURE,
		.index = compositor->on_screen,
	};
	int status;

	status = writeback_find(writeback, display, format_by_drm(compositor->stream.format));
	if (!status && !*writeback->why_not) {
		status = writeback_capture(writeback, display, compositor->socket);
		message.capture = (struct capture) {
			.format = writeback->format->drm,
			.width = display->mode.hdisplay,
			.height = display->mode.vdisplay,
			.stride = writeback->framebuffer.stride,
			.size = writeback->framebuffer.size,
		};
	}
	if (!status)
		status = message_send(compositor->socket, &message, writeback->dmabuf);
	return status ? status :
		message_expect(compositor->socket, MESSAGE_COMPARED, &message, NULL);
}

static int tell_about_picture(const struct compositor *compositor)
{
	const struct pass_result *result = compositor->pass->result;
	const char *picture = compositor->pass->options->picture;
	bool captured = !*compositor->writeback.why_not;
	struct sharing sharing;
	int status;

	if (captured)
		report_comparison(&result->camera.comparison, &compositor->writeback,
				  compositor->display.monitor);
	else
		report_no_capture(compositor->writeback.why_not);
	if (picture)
		report_picture(picture, captured);

	status = sharing_read(&sharing, getpid());
	if (!status)
		report_sharing(&sharing);
	sharing_free(&sharing);
	return status;
}

/* Nothing is on screen after this, and nothing is ours. */
static int give_all_back(struct compositor *compositor)
{
	struct message message = { .type = MESSAGE_END };
	int status;

	status = display_off(&compositor->display);
	if (!status)
		status = release(compositor, compositor->on_screen);
	return status ? status : message_send(compositor->socket, &message, -1);
}

static int run(struct compositor *compositor)
{
	int status;

	status = show_frames(compositor);
	if (status)
		return status;
	note_results(compositor);
	status = capture(compositor);
	if (!status && compositor->pass->first)
		status = tell_about_picture(compositor);
	return status ? status : give_all_back(compositor);
}

static void tear_down(struct compositor *compositor)
{
	struct display *display = &compositor->display;

	writeback_free(&compositor->writeback, display);
	copier_free(&compositor->copier, display);
	for (unsigned int i = 0; i < MAX_BUFFERS; i++) {
		struct client_buffer *buffer = &compositor->buffers[i];

		framebuffer_free(display->fd, &buffer->framebuffer);
		dmabuf_unmap(buffer->memory, compositor->stream.size);
		if (buffer->dmabuf >= 0)
			close(buffer->dmabuf);
	}
	display_close(display);
	meter_free(&compositor->meter);
}

int compositor_process(const struct pass *pass, int socket)
{
	struct compositor compositor = {
		.pass = pass,
		.socket = socket,
		.display.fd = -1,
		.writeback.dmabuf = -1,
		.on_screen = NONE,
		.next = NONE,
	};
	int status;

	for (unsigned int i = 0; i < MAX_BUFFERS; i++)
		compositor.buffers[i].dmabuf = -1;
	status = set_up(&compositor);
	if (!status)
		status = run(&compositor);
	tear_down(&compositor);
	return status;
}

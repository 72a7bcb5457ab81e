// SPDX-License-Identifier: GPL-2.0-only
/*
 * The compositor: shows each frame of the camera application, and gives its
 * buffer back when it is no longer on screen.
 */
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "copy.h"
#include "dmabuf.h"
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
	__u32 stride;			/* of the camera's frames */
	struct client_buffer buffers[BUFFERS];
	int on_screen;			/* indices of buffers, or NONE */
	int next;			/* its flip is pending */
	unsigned int waiting[BUFFERS];
	unsigned int waiting_count;
	unsigned int shown;
	__u64 first_shown;		/* ns */
	__u64 last_shown;
};

static size_t frame_size(const struct compositor *compositor)
{
	return (size_t)compositor->stride * compositor->display.mode.vdisplay;
}

static int receive_buffer(struct compositor *compositor, unsigned int index)
{
	struct client_buffer *buffer = &compositor->buffers[index];
	struct message message;
	int status;

	status = message_expect(compositor->socket, MESSAGE_BUFFER, &message, &buffer->dmabuf);
	if (status)
		return status;
	if (message.index != index)
		return fail(STATUS_FAILED, "the camera sent buffer %u instead of %u",
			    message.index, index);
	if (compositor->pass->copy)
		return dmabuf_map(buffer->dmabuf, frame_size(compositor), &buffer->memory);
	return framebuffer_import(&buffer->framebuffer, &compositor->display, buffer->dmabuf,
				  compositor->stride);
}

static int receive_stream(struct compositor *compositor)
{
	struct message message;
	int status;

	status = message_expect(compositor->socket, MESSAGE_STREAM, &message, NULL);
	if (status)
		return status;
	compositor->stride = message.stride;
	if (message.stride < compositor->display.mode.hdisplay * PIXEL_BYTES)
		return fail(STATUS_FAILED, "the camera announced a stream that makes no sense");
	for (unsigned int i = 0; i < BUFFERS && !status; i++)
		status = receive_buffer(compositor, i);
	return status;
}

static int set_up(struct compositor *compositor)
{
	const struct options *options = compositor->pass->options;
	struct display *display = &compositor->display;
	struct message message = { .type = MESSAGE_OFFER };
	int status;

	status = display_open(display, options->display);
	if (status)
		return status;
	if (!compositor->pass->copy)
		report_display(display);
	message.width = display->mode.hdisplay;
	message.height = display->mode.vdisplay;
	status = message_send(compositor->socket, &message, -1);
	if (!status)
		status = receive_stream(compositor);
	if (!status && compositor->pass->copy)
		status = copier_create(&compositor->copier, display);
	if (!status)
		status = meter_start(&compositor->meter, options->frames);
	if (!status)
		report_start(options->frames, compositor->pass->copy);
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
		status = copier_copy(&compositor->copier, &compositor->display, buffer->dmabuf,
				     buffer->memory, compositor->stride, &framebuffer);
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
	compositor->last_shown = now_ns();
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
	if (message.index >= BUFFERS ||
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
	double seconds = (compositor->last_shown - compositor->first_shown) / 1e9;
	struct result *result = compositor->pass->result;

	result->compositor_busy = meter_stop(&compositor->meter);
	result->shown = compositor->shown;
	result->rate = seconds > 0 ? (compositor->shown - 1) / seconds : 0;
	result->copied = (double)copied_bytes() / compositor->shown;
}

/*
 * The last frame stays on screen while it is captured, and its buffer stays
 * ours, so the camera cannot write what it is about to be compared with.
 */
static int capture(struct compositor *compositor)
{
	struct writeback *writeback = &compositor->writeback;
	struct display *display = &compositor->display;
	struct message message = { .type = MESSAGE_CAPTURE, .index = compositor->on_screen };
	int status;

	status = writeback_join(writeback, display);
	if (!status && !*writeback->why_not)
		status = writeback_capture(writeback, display, compositor->socket);
	message.stride = writeback->framebuffer.stride;
	if (!status)
		status = message_send(compositor->socket, &message, writeback->dmabuf);
	return status ? status :
		message_expect(compositor->socket, MESSAGE_COMPARED, &message, NULL);
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
	if (!status && !compositor->pass->copy) {
		report_comparison(&compositor->pass->result->comparison, &compositor->writeback,
				  compositor->display.monitor);
		status = report_sharing();
	}
	return status ? status : give_all_back(compositor);
}

static void tear_down(struct compositor *compositor)
{
	struct display *display = &compositor->display;

	writeback_free(&compositor->writeback, display);
	copier_free(&compositor->copier, display);
	for (unsigned int i = 0; i < BUFFERS; i++) {
		struct client_buffer *buffer = &compositor->buffers[i];

		framebuffer_free(&buffer->framebuffer, display);
		dmabuf_unmap(buffer->memory, frame_size(compositor));
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

	for (unsigned int i = 0; i < BUFFERS; i++)
		compositor.buffers[i].dmabuf = -1;
	status = set_up(&compositor);
	if (!status)
		status = run(&compositor);
	tear_down(&compositor);
	return status;
}

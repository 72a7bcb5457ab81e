// SPDX-License-Identifier: GPL-2.0-only
/*
 * The camera application: hands the camera's buffers to the compositor, tells
 * it which is full, and gives it back to the camera when the compositor is
 * done with it. At the end it looks at what the screen shows.
 */
#include <poll.h>
#include <unistd.h>

#include "camera.h"
#include "dmabuf.h"
#include "picture.h"
#include "processes.h"
#include "status.h"

#define FRAME_TIMEOUT_MS 5000

struct camera_app {
	const struct pass *pass;
	int socket;
	struct camera camera;
	struct meter meter;
	bool lent[MAX_BUFFERS];		/* the compositor has it */
	unsigned int sent;		/* frames */
	bool ended;

	/* What the screen shows, once the compositor has captured it. */
	struct view screen;
	size_t screen_size;
	int screen_dmabuf;
};

static int send_buffers(struct camera_app *app)
{
	struct message message = {
		.type = MESSAGE_STREAM,
		.stream = app->camera.stream,
	};
	int status;

	status = message_send(app->socket, &message, -1);
	message = (struct message) { .type = MESSAGE_BUFFER };
	for (; message.index < app->camera.stream.buffer_count && !status; message.index++)
		status = message_send(app->socket, &message,
				      app->camera.buffers[message.index].dmabuf);
	return status;
}

static int set_up(struct camera_app *app)
{
	const struct options *options = app->pass->options;
	struct message message;
	int status;

	status = camera_open(&app->camera, options->camera);
	if (!status)
		status = meter_init(&app->meter, options->frames);
	if (!status)
		status = message_expect(app->socket, MESSAGE_OFFER, &message, NULL);
	if (!status)
		status = camera_negotiate(&app->camera, options, &message.offer);
	if (!status)
		status = camera_allocate(&app->camera, options->buffers);
	if (status)
		return status;
	if (app->pass->first)
		report_camera(&app->camera);
	status = send_buffers(app);
	if (!status)
		status = camera_start(&app->camera);
	meter_start(&app->meter);
	return status;
}

static int send_frame(struct camera_app *app)
{
	struct message message = { .type = MESSAGE_FRAME };
	int index, status;

	status = camera_dequeue(&app->camera, &index);
	if (status || index < 0)
		return status;
	message.index = index;
	app->lent[index] = true;
	app->sent++;
	status = message_send(app->socket, &message, -1);
	meter_frame_done(&app->meter);
	return status;
}

static int take_back(struct camera_app *app, __u32 index)
{
	if (index >= app->camera.stream.buffer_count || !app->lent[index])
		return fail(STATUS_LOST_BUFFERS,
			    "the compositor gave back buffer %u, which it did not have", index);
	app->lent[index] = false;
	return camera_queue(&app->camera, index);
}

static int map_screen(struct camera_app *app, const struct capture *capture)
{
	const void *memory;
	int status;

	app->screen = (struct view) {
		.format = format_by_drm(capture->format),
		.width = capture->width,
		.height = capture->height,
		.stride = capture->stride,
	};
	if (!app->screen.format || !format_is_rgb(app->screen.format) ||
	    capture->stride < format_row_bytes(app->screen.format, capture->width) ||
	    capture->size < format_size(app->screen.format, capture->stride, capture->height))
		return fail(STATUS_FAILED, "the compositor's capture makes no sense");
	status = dmabuf_map(app->screen_dmabuf, capture->size, &memory);
	if (status)
		return status;
	app->screen.memory = memory;
	app->screen_size = capture->size;
	return STATUS_OK;
}

static int judge(const struct comparison *comparison)
{
	if (comparison->different)
		return fail(STATUS_WRONG_PICTURE,
			    "%lu of %lu pixels on screen are not the camera's; the first is at %u,%u",
			    comparison->different, comparison->pixels,
			    comparison->first_x, comparison->first_y);
	if (comparison->around_lit)
		return fail(STATUS_WRONG_PICTURE,
			    "%lu of %lu pixels on screen around the frame are not black",
			    comparison->around_lit, comparison->around);
	return STATUS_OK;
}

/* A frame on screen is still ours to read: nobody writes it until it is back. */
static int examine(struct camera_app *app, const struct view *frame)
{
	const struct pass *pass = app->pass;
	const struct view *picture = app->screen.memory ? &app->screen : frame;
	int status = STATUS_OK;

	/* The picture is written first: a wrong one is worth a look. */
	if (pass->first && pass->options->picture)
		status = picture_write(pass->options->picture, picture);
	if (status)
		return status;
	if (app->screen.memory) {
		struct comparison *comparison = &pass->result->camera.comparison;

		*comparison = compare_pictures(&app->screen, frame);
		status = judge(comparison);
	}
	if (!status && is_one_colour(picture, frame->width, frame->height))
		status = fail(STATUS_WRONG_PICTURE, "the frame on screen has only one colour");
	return status;
}

static int look_at_screen(struct camera_app *app, const struct message *message, int dmabuf)
{
	struct message reply = { .type = MESSAGE_COMPARED };
	struct view frame;
	int status = STATUS_OK;

	app->pass->result->camera.cost = meter_stop(&app->meter);
	app->pass->result->camera.missed = app->camera.missed;
	app->screen_dmabuf = dmabuf;
	if (message->index >= app->camera.stream.buffer_count || !app->lent[message->index])
		return fail(STATUS_FAILED,
			    "the compositor says that buffer %u is on screen, which it does not have",
			    message->index);
	frame = camera_view(&app->camera, message->index);
	if (dmabuf >= 0) {
		status = map_screen(app, &message->capture);
		if (!status && (app->screen.width < frame.width ||
				app->screen.height < frame.height))
			status = fail(STATUS_FAILED, "the screen is smaller than the frame");
		if (!status)
			status = dmabuf_begin_read(dmabuf);
	}
	if (!status)
		status = examine(app, &frame);
	if (!status && dmabuf >= 0)
		status = dmabuf_end_read(dmabuf);
	return status ? status : message_send(app->socket, &reply, -1);
}

static int end(struct camera_app *app)
{
	unsigned int lost = 0;

	for (unsigned int i = 0; i < MAX_BUFFERS; i++)
		lost += app->lent[i];
	app->ended = true;
	if (lost)
		return fail(STATUS_LOST_BUFFERS, "%u of %u buffers did not come back",
			    lost, app->camera.stream.buffer_count);
	return STATUS_OK;
}

static int handle_message(struct camera_app *app)
{
	struct message message;
	int status, fd;

	status = message_receive(app->socket, &message, &fd);
	if (status)
		return status;
	/* Only the capture has one: ours from here, and shared until the end. */
	if (fd >= 0 && (message.type != MESSAGE_CAPTURE || app->screen_dmabuf >= 0)) {
		close(fd);
		return fail(STATUS_FAILED, "the compositor sent a descriptor out of turn");
	}
	switch (message.type) {
	case MESSAGE_CAPTURE:
		return look_at_screen(app, &message, fd);
	case MESSAGE_RELEASE:
		return take_back(app, message.index);
	case MESSAGE_END:
		return end(app);
	default:
		return fail(STATUS_FAILED, "the compositor sent message %u out of turn",
			    message.type);
	}
}

static int run(struct camera_app *app)
{
	unsigned int frames = app->pass->options->frames;
	int status = STATUS_OK;

	while (!status && !app->ended) {
		bool wanted = app->sent < frames;
		struct pollfd fds[] = {
			{ .fd = app->socket, .events = POLLIN },
			{ .fd = wanted ? app->camera.fd : -1, .events = POLLIN },
		};
		int ready = meter_poll(&app->meter, fds, 2, wanted ? FRAME_TIMEOUT_MS : -1);

		if (ready < 0)
			return fail_call(app->camera.path, "poll");
		if (!ready)
			return fail(STATUS_FAILED, "%s: no frame within %d s",
				    app->camera.path, FRAME_TIMEOUT_MS / 1000);
		if (fds[0].revents)
			status = handle_message(app);
		if (!status && fds[1].revents & POLLERR)
			return fail(STATUS_FAILED, "%s: the stream broke off (POLLERR)",
				    app->camera.path);
		if (!status && fds[1].revents)
			status = send_frame(app);
	}
	return status;
}

int camera_process(const struct pass *pass, int socket)
{
	struct camera_app app = {
		.pass = pass,
		.socket = socket,
		.camera.fd = -1,
		.screen_dmabuf = -1,
	};
	int status;

	status = set_up(&app);
	if (!status)
		status = run(&app);
	dmabuf_unmap(app.screen.memory, app.screen_size);
	if (app.screen_dmabuf >= 0)
		close(app.screen_dmabuf);
	camera_close(&app.camera);
	meter_free(&app.meter);
	return status;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The camera application: hands the camera's buffers to the compositor, tells
 * it which is full, and gives it back to the camera when the compositor is
 * done with it. At the end it looks at what the screen shows.
 */
#include <poll.h>

#include "dmabuf.h"
#include "processes.h"
#include "status.h"

#define FRAME_TIMEOUT_MS 5000

struct camera_app {
	const struct pass *pass;
	int socket;
	struct camera camera;
	struct meter meter;
	bool lent[BUFFERS];	/* the compositor has it */
	unsigned int sent;	/* frames */
	bool ended;
};

static int send_buffers(struct camera_app *app)
{
	struct message message = {
		.type = MESSAGE_STREAM,
		.stride = app->camera.stride,
	};
	int status;

	status = message_send(app->socket, &message, -1);
	message = (struct message) { .type = MESSAGE_BUFFER };
	for (; message.index < BUFFERS && !status; message.index++)
		status = message_send(app->socket, &message,
				      app->camera.buffers[message.index].dmabuf);
	return status;
}

static int set_up(struct camera_app *app)
{
	const struct options *options = app->pass->options;
	struct message offer;
	int status;

	status = camera_open(&app->camera, options->camera);
	if (!status)
		status = message_expect(app->socket, MESSAGE_OFFER, &offer, NULL);
	if (!status)
		status = camera_set_size(&app->camera, offer.width, offer.height);
	if (!status)
		status = camera_allocate(&app->camera);
	if (status)
		return status;
	if (!app->pass->copy)
		report_camera(&app->camera);
	status = send_buffers(app);
	if (!status)
		status = camera_start(&app->camera);
	if (!status)
		status = meter_start(&app->meter, options->frames);
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
	if (index >= BUFFERS || !app->lent[index])
		return fail(STATUS_LOST_BUFFERS,
			    "the compositor gave back buffer %u, which it did not have", index);
	app->lent[index] = false;
	return camera_queue(&app->camera, index);
}

/*
 * A frame on screen is still ours to read: nobody writes it until it is back.
 * The picture is written before it is judged: a wrong one is worth a look.
 */
static int examine(struct camera_app *app, const struct picture *frame,
		   const struct picture *screen)
{
	struct comparison *comparison = &app->pass->result->comparison;
	const char *path = app->pass->copy ? NULL : app->pass->options->picture;
	int status = STATUS_OK;

	if (path)
		status = picture_write(path, screen ? screen : frame);
	if (status)
		return status;
	if (screen) {
		*comparison = picture_compare(screen, frame);
		if (comparison->different)
			return fail(STATUS_WRONG_PICTURE,
				    "%lu of %lu pixels on screen are not the camera's; the first is at %u,%u",
				    comparison->different, comparison->pixels,
				    comparison->first_x, comparison->first_y);
	}
	if (picture_is_one_colour(screen ? screen : frame))
		return fail(STATUS_WRONG_PICTURE, "the frame on screen has only one colour");
	return STATUS_OK;
}

/* The capture, as the compositor shares it, beside the frame that it shows. */
static int examine_capture(struct camera_app *app, const struct picture *frame,
			   unsigned int stride, int dmabuf)
{
	struct picture screen = *frame;
	size_t size = (size_t)stride * frame->height;
	int status;

	screen.stride = stride;
	if (stride < frame->width * PIXEL_BYTES)
		return fail(STATUS_FAILED, "the compositor's capture makes no sense");
	status = dmabuf_map(dmabuf, size, &screen.memory);
	if (status)
		return status;
	status = dmabuf_begin_read(dmabuf);
	if (!status)
		status = examine(app, frame, &screen);
	if (!status)
		status = dmabuf_end_read(dmabuf);
	dmabuf_unmap(screen.memory, size);
	return status;
}

static int look_at_screen(struct camera_app *app, const struct message *message, int dmabuf)
{
	struct message reply = { .type = MESSAGE_COMPARED };
	struct picture frame;
	int status;

	app->pass->result->camera_busy = meter_stop(&app->meter);
	app->pass->result->missed = app->camera.missed;
	if (message->index >= BUFFERS || !app->lent[message->index])
		return fail(STATUS_FAILED,
			    "the compositor says that buffer %u is on screen, which it does not have",
			    message->index);
	frame = camera_picture(&app->camera, message->index);
	status = dmabuf < 0 ? examine(app, &frame, NULL) :
		examine_capture(app, &frame, message->stride, dmabuf);
	/* While it stays open, the table of who shares what shows it as shared. */
	return status ? status : message_send(app->socket, &reply, -1);
}

static int end(struct camera_app *app)
{
	unsigned int lost = 0;

	for (unsigned int i = 0; i < BUFFERS; i++)
		lost += app->lent[i];
	app->ended = true;
	if (lost)
		return fail(STATUS_LOST_BUFFERS, "%u of %u buffers did not come back",
			    lost, BUFFERS);
	return STATUS_OK;
}

static int handle_message(struct camera_app *app)
{
	struct message message;
	int status, fd;

	status = message_receive(app->socket, &message, &fd);
	if (status)
		return status;
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
	struct camera_app app = { .pass = pass, .socket = socket, .camera.fd = -1 };
	int status;

	status = set_up(&app);
	if (!status)
		status = run(&app);
	camera_close(&app.camera);
	meter_free(&app.meter);
	return status;
}

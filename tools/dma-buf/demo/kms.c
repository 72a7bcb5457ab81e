// SPDX-License-Identifier: GPL-2.0-only
/*
 * Atomic mode setting by property names.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <xf86drm.h>

#include "kms.h"
#include "status.h"

static void load_property(int fd, struct kms_object *object, __u32 id, __u64 value)
{
	drmModePropertyPtr property;

	if (object->count == KMS_MAX_PROPERTIES)
		return;
	property = drmModeGetProperty(fd, id);
	if (!property)
		return;
	object->properties[object->count].id = id;
	object->properties[object->count].value = value;
	snprintf(object->properties[object->count].name,
		 sizeof(object->properties[object->count].name), "%s", property->name);
	object->count++;
	drmModeFreeProperty(property);
}

int kms_load(int fd, const char *device, struct kms_object *object, __u32 id, __u32 type)
{
	drmModeObjectPropertiesPtr properties;

	object->id = id;
	object->count = 0;
	properties = drmModeObjectGetProperties(fd, id, type);
	if (!properties)
		return fail_call(device, "DRM_IOCTL_MODE_OBJ_GETPROPERTIES");
	for (__u32 i = 0; i < properties->count_props; i++)
		load_property(fd, object, properties->props[i], properties->prop_values[i]);
	drmModeFreeObjectProperties(properties);
	return STATUS_OK;
}

static int find_property(const struct kms_object *object, const char *name)
{
	for (unsigned int i = 0; i < object->count; i++)
		if (!strcmp(object->properties[i].name, name))
			return i;
	return -1;
}

bool kms_value(const struct kms_object *object, const char *name, __u64 *value)
{
	int found = find_property(object, name);

	if (found >= 0)
		*value = object->properties[found].value;
	return found >= 0;
}

int kms_begin(struct kms_request *request, const char *device)
{
	request->missing = NULL;
	request->atomic = drmModeAtomicAlloc();
	if (!request->atomic)
		return fail_call(device, "drmModeAtomicAlloc");
	return STATUS_OK;
}

void kms_set(struct kms_request *request, const struct kms_object *object,
	     const char *name, __u64 value)
{
	int found = find_property(object, name);

	if (found < 0 ||
	    drmModeAtomicAddProperty(request->atomic, object->id,
				     object->properties[found].id, value) < 0)
		request->missing = name;
}

int kms_try(struct kms_request *request, int fd, __u32 flags, void *data)
{
	int error;

	if (request->missing)
		return -EINVAL;
	do {
		error = drmModeAtomicCommit(fd, request->atomic, flags, data);
	} while (error == -EINTR);
	return error;
}

int kms_commit(struct kms_request *request, int fd, const char *device,
	       __u32 flags, void *data)
{
	int status = STATUS_OK, error = kms_try(request, fd, flags, data);

	if (request->missing) {
		status = fail(STATUS_FAILED, "%s: property %s is missing or cannot be set",
			      device, request->missing);
	} else if (error) {
		errno = -error;
		status = fail_call(device, "DRM_IOCTL_MODE_ATOMIC");
	}
	kms_end(request);
	return status;
}

void kms_end(struct kms_request *request)
{
	drmModeAtomicFree(request->atomic);
	request->atomic = NULL;
}

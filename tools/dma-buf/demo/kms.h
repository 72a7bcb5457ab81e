/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KMS objects and their properties, which an atomic request sets by number and
 * people know by name.
 */
#ifndef DEMO_KMS_H
#define DEMO_KMS_H

#include <stdbool.h>
#include <xf86drmMode.h>
#include <linux/types.h>

#define KMS_MAX_PROPERTIES 64

struct kms_object {
	__u32 id;
	unsigned int count;
	struct {
		__u32 id;
		char name[DRM_PROP_NAME_LEN];
		__u64 value;	/* when the object was loaded */
	} properties[KMS_MAX_PROPERTIES];
};

/* Read the properties of object @id, of type DRM_MODE_OBJECT_*. */
int kms_load(int fd, const char *device, struct kms_object *object, __u32 id, __u32 type);

/* Returns whether the object has such a property. */
bool kms_value(const struct kms_object *object, const char *name, __u64 *value);

/* Changes that are made together or not at all. */
struct kms_request {
	drmModeAtomicReq *atomic;
	const char *missing;	/* a property that could not be added */
};

int kms_begin(struct kms_request *request, const char *device);

/* Add a change; when that fails, so does the request. */
void kms_set(struct kms_request *request, const struct kms_object *object,
	     const char *name, __u64 value);

/* Ask for the changes; returns 0 or a negative error code, and tells nobody. */
int kms_try(struct kms_request *request, int fd, __u32 flags, void *data);

/* The same for changes that must succeed; frees the request. */
int kms_commit(struct kms_request *request, int fd, const char *device,
	       __u32 flags, void *data);
void kms_end(struct kms_request *request);

#endif

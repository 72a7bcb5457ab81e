// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: importers made of software.
 */
#include <linux/device.h>
#include <linux/swiotlb.h>

#include <kunit/device.h>

#include "mock.h"

static void mock_invalidated(struct dma_buf_attachment *attach)
{
	struct mock_importer *imp = attach->importer_priv;

	dma_resv_assert_held(attach->dmabuf->resv);
	imp->invalidated++;
}

static void mock_importer_leave(void *data)
{
	struct mock_importer *imp = data;

	if (imp->attach)
		mock_detach(imp);
}

/**
 * mock_importer - a device that can join buffers
 * @test: whose it will be
 * @name: of the device
 *
 * When the test ends, it leaves the buffer that it is still on.
 *
 * Return: the device, on no buffer yet.
 */
struct mock_importer *mock_importer(struct kunit *test, const char *name)
{
	struct mock_importer *imp;

	imp = kunit_kzalloc(test, sizeof(*imp), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, imp);
	imp->test = test;
	imp->ops.invalidate_mappings = mock_invalidated;
	imp->dev = kunit_device_register(test, name);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, imp->dev);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action(test, mock_importer_leave,
						  imp));
	return imp;
}

static struct dma_buf_attachment *
mock_attached(struct mock_importer *imp, struct dma_buf_attachment *attach)
{
	KUNIT_ASSERT_NOT_ERR_OR_NULL(imp->test, attach);
	imp->attach = attach;
	return attach;
}

/**
 * mock_attach - let a device join a buffer
 * @imp: the device
 * @exp: whose buffer
 *
 * Return: the attachment.
 */
struct dma_buf_attachment *mock_attach(struct mock_importer *imp,
				       struct mock_exporter *exp)
{
	return mock_attached(imp, dma_buf_attach(exp->dmabuf, imp->dev));
}

/**
 * mock_attach_dynamic - let a device join that can live with a buffer moving
 * @imp: the device
 * @exp: whose buffer
 *
 * Return: the attachment.
 */
struct dma_buf_attachment *mock_attach_dynamic(struct mock_importer *imp,
					       struct mock_exporter *exp)
{
	return mock_attached(imp, dma_buf_dynamic_attach(exp->dmabuf, imp->dev,
							 &imp->ops, imp));
}

/**
 * mock_attach_as - let a device join in one of several ways
 * @imp: the device
 * @exp: whose buffer
 * @kind: in which
 *
 * Return: the attachment.
 */
struct dma_buf_attachment *mock_attach_as(struct mock_importer *imp,
					  struct mock_exporter *exp,
					  enum mock_importer_kind kind)
{
	if (kind == MOCK_FIXED)
		return mock_attach(imp, exp);
	if (kind == MOCK_DEAF)
		imp->ops.invalidate_mappings = NULL;
	return mock_attach_dynamic(imp, exp);
}

/**
 * mock_detach - let a device leave
 * @imp: the device
 */
void mock_detach(struct mock_importer *imp)
{
	struct dma_buf_attachment *attach = imp->attach;

	imp->attach = NULL;
	dma_buf_detach(attach->dmabuf, attach);
}

/**
 * mock_pin - keep the buffer where it is, under its lock
 * @imp: a device on it
 *
 * Return: what dma_buf_pin() does.
 */
int mock_pin(struct mock_importer *imp)
{
	struct dma_resv *resv = imp->attach->dmabuf->resv;
	int err;

	dma_resv_lock(resv, NULL);
	err = dma_buf_pin(imp->attach);
	dma_resv_unlock(resv);
	return err;
}

/**
 * mock_unpin - let the buffer move again, under its lock
 * @imp: the device
 */
void mock_unpin(struct mock_importer *imp)
{
	struct dma_resv *resv = imp->attach->dmabuf->resv;

	dma_resv_lock(resv, NULL);
	dma_buf_unpin(imp->attach);
	dma_resv_unlock(resv);
}

#if defined(CONFIG_SWIOTLB) && !defined(CONFIG_SWIOTLB_DYNAMIC)
/**
 * mock_bounce - let a page be one of those that swiotlb copies to
 * @imp: whose device sees the copies
 * @exp: the exporter, whose tables have the addresses of its pages
 * @page: which of these
 */
void mock_bounce(struct mock_importer *imp, struct mock_exporter *exp,
		 unsigned int page)
{
	struct io_tlb_mem *mem = kunit_kzalloc(imp->test, sizeof(*mem),
					       GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(imp->test, mem);
	mem->nslabs = 1;
	mem->defpool.start = mock_address(exp, page);
	mem->defpool.end = mem->defpool.start + PAGE_SIZE;
	imp->dev->dma_io_tlb_mem = mem;
}
#endif

/**
 * mock_map - map in one of both ways
 * @attach: of the importer
 * @dir: of the transfer
 * @locked: use the function for callers that hold the lock
 *
 * Return: the table or an ERR_PTR, as the function has it.
 */
struct sg_table *mock_map(struct dma_buf_attachment *attach,
			  enum dma_data_direction dir, bool locked)
{
	struct sg_table *sgt;

	if (!locked)
		return dma_buf_map_attachment_unlocked(attach, dir);
	dma_resv_lock(attach->dmabuf->resv, NULL);
	sgt = dma_buf_map_attachment(attach, dir);
	dma_resv_unlock(attach->dmabuf->resv);
	return sgt;
}

/**
 * mock_unmap - unmap in one of both ways
 * @attach: of the importer
 * @sgt: from mock_map()
 * @dir: of the transfer
 * @locked: use the function for callers that hold the lock
 */
void mock_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
		enum dma_data_direction dir, bool locked)
{
	if (!locked) {
		dma_buf_unmap_attachment_unlocked(attach, sgt, dir);
		return;
	}
	dma_resv_lock(attach->dmabuf->resv, NULL);
	dma_buf_unmap_attachment(attach, sgt, dir);
	dma_resv_unlock(attach->dmabuf->resv);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: an exporter made of software.
 */
#include <linux/dcache.h>
#include <linux/dma-mapping.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "mock.h"

/* The one promise about the lock that holds for every call of an operation. */
static bool mock_op_is_locked(enum mock_op op)
{
	switch (op) {
	case MOCK_PIN:
	case MOCK_UNPIN:
	case MOCK_MAP:
	case MOCK_UNMAP:
	case MOCK_VMAP:
	case MOCK_VUNMAP:
		return true;
	default:
		return false;
	}
}

static int mock_enter(struct dma_buf *dmabuf, enum mock_op op)
{
	struct mock_exporter *exp = dmabuf->priv;

	exp->calls[op]++;
	KUNIT_EXPECT_EQ(exp->test, dma_resv_is_locked(dmabuf->resv),
			mock_op_is_locked(op));
	if (exp->hook)
		exp->hook(exp, op);
	return exp->errors[op];
}

static int mock_op_attach(struct dma_buf *dmabuf,
			  struct dma_buf_attachment *attach)
{
	struct mock_exporter *exp = dmabuf->priv;

	exp->attach = attach;
	return mock_enter(dmabuf, MOCK_ATTACH);
}

static void mock_op_detach(struct dma_buf *dmabuf,
			   struct dma_buf_attachment *attach)
{
	struct mock_exporter *exp = dmabuf->priv;

	exp->attach = attach;
	mock_enter(dmabuf, MOCK_DETACH);
}

static int mock_op_pin(struct dma_buf_attachment *attach)
{
	return mock_enter(attach->dmabuf, MOCK_PIN);
}

static void mock_op_unpin(struct dma_buf_attachment *attach)
{
	mock_enter(attach->dmabuf, MOCK_UNPIN);
}

/* The device of an importer sees physical addresses, a segment to a page. */
static struct sg_table *mock_make_table(struct mock_exporter *exp,
					unsigned int count)
{
	struct scatterlist *sg;
	struct sg_table *sgt;
	unsigned int i;

	sgt = kzalloc(sizeof(*sgt), GFP_KERNEL);
	if (!sgt)
		return ERR_PTR(-ENOMEM);
	if (sg_alloc_table(sgt, count, GFP_KERNEL)) {
		kfree(sgt);
		return ERR_PTR(-ENOMEM);
	}
	for_each_sgtable_sg(sgt, sg, i) {
		struct page *page = exp->pages[i % MOCK_PAGES];

		sg_set_page(sg, page, PAGE_SIZE, 0);
		sg_dma_address(sg) = page_to_phys(page);
		sg_dma_len(sg) = PAGE_SIZE;
	}
	return sgt;
}

static void mock_spoil_table(struct mock_exporter *exp, struct sg_table *sgt)
{
	switch (exp->table) {
	case MOCK_TABLE_EMPTY:
		sgt->nents = 0;
		break;
	case MOCK_TABLE_UNALIGNED:
		sg_dma_address(sgt->sgl) += 16;
		break;
	case MOCK_TABLE_RAGGED:
		sg_dma_len(sgt->sgl) -= 16;
		sg_dma_len(sg_next(sgt->sgl)) += 16;
		break;
	case MOCK_TABLE_MARKED:
		sg_dma_mark_bus_address(sgt->sgl);
		sg_dma_mark_swiotlb(sg_next(sgt->sgl));
		break;
	case MOCK_TABLE_MERGED:
		/* As an IOMMU does: fewer addresses than pages. */
		sgt->nents = 1;
		sg_dma_len(sgt->sgl) = exp->size;
		break;
	default:
		break;
	}
}

static struct sg_table *mock_op_map(struct dma_buf_attachment *attach,
				    enum dma_data_direction dir)
{
	struct mock_exporter *exp = attach->dmabuf->priv;
	unsigned int count = PAGE_ALIGN(exp->size) >> PAGE_SHIFT;
	struct sg_table *sgt;
	int err;

	exp->dir = dir;
	exp->attach = attach;
	err = mock_enter(attach->dmabuf, MOCK_MAP);
	if (err)
		return ERR_PTR(err);

	switch (exp->table) {
	case MOCK_TABLE_NULL:
		return NULL;
	case MOCK_TABLE_SHARED:
		if (!exp->users)
			break;
		exp->users++;
		return exp->mapped;
	case MOCK_TABLE_SHORT:
		count--;
		break;
	case MOCK_TABLE_LONG:
		count++;
		break;
	default:
		break;
	}
	sgt = mock_make_table(exp, count);
	if (IS_ERR(sgt))
		return sgt;

	mock_spoil_table(exp, sgt);
	exp->mapped = sgt;
	exp->users++;
	return sgt;
}

static void mock_op_unmap(struct dma_buf_attachment *attach,
			  struct sg_table *sgt, enum dma_data_direction dir)
{
	struct mock_exporter *exp = attach->dmabuf->priv;

	exp->dir = dir;
	exp->attach = attach;
	exp->unmapped = sgt;
	mock_enter(attach->dmabuf, MOCK_UNMAP);
	exp->users--;
	if (exp->table == MOCK_TABLE_SHARED && exp->users)
		return;
	sg_free_table(sgt);
	kfree(sgt);
}

static void mock_op_release(struct dma_buf *dmabuf)
{
	struct mock_exporter *exp = dmabuf->priv;

	mock_enter(dmabuf, MOCK_RELEASE);
	complete_all(&exp->released);
}

static int mock_op_begin_cpu(struct dma_buf *dmabuf,
			     enum dma_data_direction dir)
{
	struct mock_exporter *exp = dmabuf->priv;

	exp->dir = dir;
	return mock_enter(dmabuf, MOCK_BEGIN_CPU);
}

static int mock_op_end_cpu(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	struct mock_exporter *exp = dmabuf->priv;

	exp->dir = dir;
	return mock_enter(dmabuf, MOCK_END_CPU);
}

static int mock_op_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	struct mock_exporter *exp = dmabuf->priv;
	int err;

	exp->vm_flags = vma->vm_flags;
	exp->vm_pgoff = vma->vm_pgoff;
	exp->vm_file = vma->vm_file;
	err = mock_enter(dmabuf, MOCK_MMAP);
	if (err)
		return err;
	if (exp->vm_other)
		vma_set_file(vma, exp->vm_other);
	return vm_map_pages(vma, exp->pages, MOCK_PAGES);
}

static int mock_op_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct mock_exporter *exp = dmabuf->priv;
	void *addr;
	int err = mock_enter(dmabuf, MOCK_VMAP);

	if (err && exp->vmap_dirty)
		iosys_map_set_vaddr(map, exp);
	if (err || exp->vmap_null)
		return err;
	addr = vmap(exp->pages, MOCK_PAGES, VM_MAP, PAGE_KERNEL);
	if (!addr)
		return -ENOMEM;
	iosys_map_set_vaddr(map, addr);
	map->is_iomem = exp->vmap_is_iomem;
	return 0;
}

static void mock_op_vunmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct mock_exporter *exp = dmabuf->priv;

	mock_enter(dmabuf, MOCK_VUNMAP);
	exp->vunmapped = *map;
	vunmap(map->vaddr);
}

static const struct dma_buf_ops mock_ops = {
	.attach = mock_op_attach,
	.detach = mock_op_detach,
	.pin = mock_op_pin,
	.unpin = mock_op_unpin,
	.map_dma_buf = mock_op_map,
	.unmap_dma_buf = mock_op_unmap,
	.release = mock_op_release,
	.begin_cpu_access = mock_op_begin_cpu,
	.end_cpu_access = mock_op_end_cpu,
	.mmap = mock_op_mmap,
	.vmap = mock_op_vmap,
	.vunmap = mock_op_vunmap,
};

static void mock_exporter_free(void *data)
{
	struct mock_exporter *exp = data;
	unsigned int i;

	if (exp->dmabuf) {
		if (!exp->is_put)
			dma_buf_put(exp->dmabuf);
		flush_delayed_fput();
		/* Memory that is still in use is better lost than reused. */
		if (!wait_for_completion_timeout(&exp->released,
						 MOCK_DEADLOCK)) {
			KUNIT_FAIL(exp->test, "buffer never released");
			return;
		}
		KUNIT_EXPECT_EQ(exp->test, 1, exp->calls[MOCK_RELEASE]);
	}
	for (i = 0; i < MOCK_PAGES; i++)
		__free_page(exp->pages[i]);
	kfree(exp);
}

/**
 * mock_exporter - an exporter which has not yet exported its buffer
 * @test: whose it will be
 * @kind: whether it moves its memory, keeps its mappings, or neither
 *
 * When the test ends, every buffer that was exported must have been released,
 * or be released soon.
 *
 * Return: the exporter.
 */
struct mock_exporter *mock_exporter(struct kunit *test, enum mock_kind kind)
{
	struct mock_exporter *exp = kzalloc(sizeof(*exp), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, exp);
	exp->test = test;
	exp->size = MOCK_PAGES * PAGE_SIZE;
	exp->ops = mock_ops;
	exp->ops.cache_sgt_mapping = kind == MOCK_CACHED;
	if (kind != MOCK_DYNAMIC) {
		exp->ops.pin = NULL;
		exp->ops.unpin = NULL;
	}
	init_completion(&exp->released);
	for (i = 0; i < MOCK_PAGES; i++)
		exp->pages[i] = alloc_page(GFP_KERNEL | __GFP_ZERO |
					   __GFP_NOFAIL);

	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test,
							   mock_exporter_free,
							   exp));
	return exp;
}

/**
 * mock_export_info - what an exporter passes to dma_buf_export()
 * @exp: the exporter
 *
 * Return: all of it, for a buffer that may be written.
 */
struct dma_buf_export_info mock_export_info(struct mock_exporter *exp)
{
	return (struct dma_buf_export_info) {
		.exp_name = MOCK_EXPORTER_NAME,
		.owner = THIS_MODULE,
		.ops = &exp->ops,
		.size = exp->size,
		.flags = O_RDWR,
		.priv = exp,
	};
}

#ifdef CONFIG_MODULE_UNLOAD
/**
 * mock_module - a module that could be an exporter's
 * @test: whose it will be
 * @state: being loaded, alive or being unloaded
 *
 * Return: the module, with no user yet.
 */
struct module *mock_module(struct kunit *test, enum module_state state)
{
	struct module *mod = kunit_kzalloc(test, sizeof(*mod), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, mod);
	strscpy(mod->name, "mock");
	mod->state = state;
	atomic_set(&mod->refcnt, 1);
	return mod;
}
#endif

/**
 * mock_exported - the exporter has a buffer now
 * @exp: the exporter
 * @dmabuf: what dma_buf_export() returned
 */
void mock_exported(struct mock_exporter *exp, struct dma_buf *dmabuf)
{
	KUNIT_ASSERT_NOT_ERR_OR_NULL(exp->test, dmabuf);
	exp->dmabuf = dmabuf;
	exp->ino = file_inode(dmabuf->file)->i_ino;
}

/**
 * mock_export - export the buffer
 * @exp: its exporter
 */
void mock_export(struct mock_exporter *exp)
{
	struct dma_buf_export_info info = mock_export_info(exp);

	mock_exported(exp, dma_buf_export(&info));
}

/**
 * mock_buffer - an exporter with its buffer
 * @test: whose it will be
 * @kind: as for mock_exporter()
 *
 * Return: the exporter.
 */
struct mock_exporter *mock_buffer(struct kunit *test, enum mock_kind kind)
{
	struct mock_exporter *exp = mock_exporter(test, kind);

	mock_export(exp);
	return exp;
}

/**
 * mock_release - give back the last reference, here and now
 * @exp: the exporter
 *
 * What dma_buf_put() starts for a kernel thread happens some time later in a
 * worker, which knows nothing of the test.
 */
void mock_release(struct mock_exporter *exp)
{
	KUNIT_ASSERT_EQ(exp->test, 1, file_count(exp->dmabuf->file));
	exp->is_put = true;
	__fput_sync(exp->dmabuf->file);
}

/**
 * mock_wait_released - wait until the exporter got its memory back
 * @exp: the exporter, whose buffer nobody refers to any more
 */
void mock_wait_released(struct mock_exporter *exp)
{
	mock_wait(exp->test, &exp->released);
	exp->is_put = true;
}

/**
 * mock_attachments - how many devices are on the buffer
 * @exp: its exporter
 *
 * Return: as many.
 */
unsigned int mock_attachments(struct mock_exporter *exp)
{
	unsigned int count;

	dma_resv_lock(exp->dmabuf->resv, NULL);
	count = list_count_nodes(&exp->dmabuf->attachments);
	dma_resv_unlock(exp->dmabuf->resv);
	return count;
}

/**
 * mock_invalidate - tell the devices that the buffer moves
 * @exp: its exporter
 * @how: by which of both names of the function
 */
void mock_invalidate(struct mock_exporter *exp,
		     void (*how)(struct dma_buf *dmabuf))
{
	dma_resv_lock(exp->dmabuf->resv, NULL);
	how(exp->dmabuf);
	dma_resv_unlock(exp->dmabuf->resv);
}

/**
 * mock_address - where a device sees a page of the buffer
 * @exp: the exporter
 * @page: which page
 *
 * Return: the address on the bus.
 */
phys_addr_t mock_address(struct mock_exporter *exp, unsigned int page)
{
	return page_to_phys(exp->pages[page]);
}

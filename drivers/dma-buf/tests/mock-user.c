// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: what only a process has, memory and the files of people.
 */
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mount.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/task_work.h>
#include <linux/uaccess.h>

#include "mock.h"

/*
 * Give the thread of the test the memory of a process. kunit_vm_mmap() would do
 * so as well, but keeps a reference for good when the thread ends.
 */
static void mock_become_process(struct kunit *test)
{
	struct mm_struct *mm;

	if (current->mm)
		return;
	mm = mm_alloc();
	KUNIT_ASSERT_NOT_NULL(test, mm);
	mm->task_size = TASK_SIZE;
	arch_pick_mmap_layout(mm, &current->signal->rlim[RLIMIT_STACK]);
	kthread_use_mm(mm);
	/* The end of the thread gives back one reference, not that of its use. */
	mmdrop(mm);
}

/**
 * mock_user - memory of a process, in the thread of the test
 * @test: which test
 * @data: what to put there
 * @size: of @data; there is a page of memory in any case
 *
 * Return: its address there.
 */
void __user *mock_user(struct kunit *test, const void *data, size_t size)
{
	unsigned long addr;

	mock_become_process(test);
	addr = kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
			     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_NE(test, 0, addr);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_ASSERT_EQ(test, 0, copy_to_user((void __user *)addr, data, size));
	return (void __user *)addr;
}

/**
 * mock_ioctl - what a program asks of a file
 * @file: the file
 * @cmd: the request
 * @arg: its argument
 *
 * Return: what the program would hear.
 */
long mock_ioctl(struct file *file, unsigned int cmd, void __user *arg)
{
	return file->f_op->unlocked_ioctl(file, cmd, (unsigned long)arg);
}

/**
 * mock_mmap - map a file into the thread of the test
 * @test: which test
 * @file: the file
 * @pages: how many
 * @pgoff: from where on
 * @prot: PROT_READ and PROT_WRITE
 *
 * Return: the address or an errno, as mmap() has it when a program has it back.
 */
unsigned long mock_mmap(struct kunit *test, struct file *file,
			unsigned long pages, unsigned long pgoff,
			unsigned long prot)
{
	unsigned long addr;

	mock_become_process(test);
	addr = kunit_vm_mmap(test, file, 0, pages << PAGE_SHIFT, prot,
			     MAP_SHARED, pgoff << PAGE_SHIFT);
	task_work_run();
	return addr;
}

static void mock_close(void *file)
{
	__fput_sync(file);
}

/**
 * mock_open - open a file of a file system that nobody has mounted yet
 * @test: which test
 * @fs: its name
 * @path: in it
 *
 * Return: the file, or an ERR_PTR. The file is closed when the test ends.
 */
struct file *mock_open(struct kunit *test, const char *fs, const char *path)
{
	struct vfsmount *mnt = kern_mount(get_fs_type(fs));
	struct file *file;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mnt);
	file = file_open_root_mnt(mnt, path, O_RDONLY, 0);
	kern_unmount(mnt);
	if (IS_ERR(file))
		return file;
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, mock_close,
							   file));
	return file;
}

/**
 * mock_read - read some of a file, as a program does
 * @test: which test
 * @file: the file
 * @text: where to, with a byte more for the end of the string
 * @size: how many bytes at most, a page or less
 *
 * Return: what read() would.
 */
ssize_t mock_read(struct kunit *test, struct file *file, char *text,
		  size_t size)
{
	void __user *user = mock_user(test, "", 1);
	ssize_t count = vfs_read(file, user, size, &file->f_pos);

	if (count >= 0) {
		KUNIT_ASSERT_EQ(test, 0, copy_from_user(text, user, count));
		text[count] = '\0';
	}
	KUNIT_ASSERT_EQ(test, 0, vm_munmap((unsigned long)user, PAGE_SIZE));
	return count;
}

/**
 * mock_read_all - read a file to its end
 * @test: whose the text will be
 * @file: the file
 * @step: bytes to ask for at once
 *
 * Return: all that is in it, up to MOCK_TEXT_SIZE.
 */
char *mock_read_all(struct kunit *test, struct file *file, size_t step)
{
	char *text = kunit_kzalloc(test, MOCK_TEXT_SIZE + 1, GFP_KERNEL);
	size_t used = 0;
	ssize_t count;

	KUNIT_ASSERT_NOT_NULL(test, text);
	do {
		count = mock_read(test, file, text + used,
				  min(step, MOCK_TEXT_SIZE - used));
		KUNIT_ASSERT_GE(test, count, 0);
		used += count;
	} while (count && used < MOCK_TEXT_SIZE);
	return text;
}

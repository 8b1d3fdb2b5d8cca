// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module's life, its files in debugfs, and how a thread sleeps.
 */
#include <linux/debugfs.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include "localhost.h"

struct localhost_report localhost_report;

static struct vbus_connector *connector;
static struct dentry *report_file;
static struct dentry *plugged_file;

/* ---- sleepers -------------------------------------------------------------- */

/* Longer than any processor is ever late. */
#define LOST_AFTER	(5 * HZ)

static void sleeper_signalled(struct ioq_notifier *notifier)
{
	struct sleeper *s = container_of(notifier, struct sleeper, notifier);

	ioq_notify_disable(s->ioq);
	WRITE_ONCE(s->woken, true);
	wake_up(&s->queue);
}

void sleeper_init(struct sleeper *s, struct ioq *ioq)
{
	init_waitqueue_head(&s->queue);
	s->ioq = ioq;
	s->notifier.signal = sleeper_signalled;
	ioq->notifier = &s->notifier;
}

static bool has_work(struct ioq *ioq)
{
	struct ioq_iterator iter;

	return !ioq_iter_init(ioq, &iter, IOQ_IDX_INUSE, 0) &&
	       ioq_iter_ours(&iter) && !ioq_empty(ioq, IOQ_IDX_INUSE);
}

void sleeper_sleep(struct sleeper *s)
{
	WRITE_ONCE(s->woken, false);
	ioq_notify_enable(s->ioq);
	if (wait_event_interruptible_timeout(s->queue,
					     READ_ONCE(s->woken) ||
					     kthread_should_stop(),
					     LOST_AFTER))
		return;
	if (has_work(s->ioq)) {
		atomic_inc(&localhost_report.lost);
		pr_err("vbus-localhost: %s was not woken\n", current->comm);
	}
}

/* ---- debugfs --------------------------------------------------------------- */

static int report_show(struct seq_file *m, void *unused)
{
	struct localhost_report *report = &localhost_report;

	seq_printf(m, "echoed %d received %d wrong %d lost %d dropped %d\n",
		   atomic_read(&report->echoed),
		   atomic_read(&report->received),
		   atomic_read(&report->wrong), atomic_read(&report->lost),
		   atomic_read(&report->dropped));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(report);

static int plugged_set(void *unused, u64 value)
{
	return localhost_plug(value);
}
DEFINE_DEBUGFS_ATTRIBUTE(plugged_fops, NULL, plugged_set, "%llu\n");

/* ---- the module ------------------------------------------------------------ */

static int __init localhost_init(void)
{
	int ret;

	connector = vbus_connector_create(&localhost_wire);
	if (IS_ERR(connector))
		return PTR_ERR(connector);
	localhost_wire_attach(connector);
	ret = vbus_connector_start(connector);
	if (!ret)
		ret = vbus_driver_register(&echo_driver);
	if (ret) {
		vbus_connector_stop(connector);
		localhost_wire_detach();
		vbus_connector_destroy(connector);
		return ret;
	}
	report_file = debugfs_create_file("vbus-localhost-report", 0444, NULL,
					  NULL, &report_fops);
	plugged_file = debugfs_create_file_unsafe("vbus-localhost-plugged",
						  0200, NULL, NULL,
						  &plugged_fops);
	return 0;
}
module_init(localhost_init);

static void __exit localhost_exit(void)
{
	debugfs_remove(plugged_file);
	debugfs_remove(report_file);
	vbus_connector_stop(connector);
	localhost_wire_detach();
	vbus_driver_unregister(&echo_driver);
	vbus_connector_destroy(connector);
}
module_exit(localhost_exit);

MODULE_DESCRIPTION("Both ends of a virtual-bus in one kernel, for tests");
MODULE_AUTHOR("The paravirt authors");
MODULE_LICENSE("GPL");

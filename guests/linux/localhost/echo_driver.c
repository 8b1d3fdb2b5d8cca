// SPDX-License-Identifier: GPL-2.0-only
/*
 * North: a driver as any other, which sends 0, 1, 2, … and wants them back in
 * that order, `inflight` of them on their way at a time.
 */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "localhost.h"

unsigned int echo_inflight = 8;
module_param_named(inflight, echo_inflight, uint, 0644);
MODULE_PARM_DESC(inflight, "numbers on their way at a time");

struct echo {
	struct ioq *rx;
	struct ioq *tx;
	struct sleeper sleeper;
	struct task_struct *thread;
	u64 sent;
	u64 received;
};

static void expect(int result)
{
	if (result)
		atomic_inc(&localhost_report.wrong);
}

static void reap(struct echo *echo)
{
	struct ioq_iterator iter;

	expect(ioq_iter_init(echo->tx, &iter, IOQ_IDX_VALID,
			     IOQ_ITER_NOFLIPOWNER));
	while (iter.desc->valid && ioq_iter_ours(&iter)) {
		iter.desc->valid = 0;
		expect(ioq_iter_pop(&iter));
	}
}

static bool receive(struct echo *echo)
{
	struct ioq_iterator iter;
	bool any = false;

	expect(ioq_iter_init(echo->rx, &iter, IOQ_IDX_INUSE, 0));
	while (ioq_iter_ours(&iter) && !ioq_empty(echo->rx, IOQ_IDX_INUSE)) {
		expect(le64_to_cpu(iter.desc->len) != echo->received++);
		if (ioq_iter_pop(&iter)) {
			expect(-EIO);
			break;
		}
		atomic_inc(&localhost_report.received);
		ioq_signal(echo->rx);
		any = true;
	}
	return any;
}

static bool send(struct echo *echo)
{
	struct ioq_iterator iter;
	bool any = false;

	while (echo->sent - echo->received < READ_ONCE(echo_inflight)) {
		expect(ioq_iter_init(echo->tx, &iter, IOQ_IDX_BOTH, 0));
		expect(ioq_iter_seek(&iter, IOQ_SEEK_TAIL, 0));
		if (iter.desc->valid || !ioq_iter_ours(&iter))
			break;
		iter.desc->valid = 1;
		iter.desc->len = cpu_to_le64(echo->sent);
		if (ioq_iter_push(&iter)) {
			expect(-EIO);
			break;
		}
		echo->sent++;
		ioq_signal(echo->tx);
		any = true;
		random_pause();
	}
	return any;
}

static int driver_thread(void *data)
{
	struct echo *echo = data;
	bool busy;

	while (!kthread_should_stop()) {
		reap(echo);
		busy = receive(echo);
		busy |= send(echo);
		if (busy)
			cond_resched();
		else
			sleeper_sleep(&echo->sleeper);
	}
	return 0;
}

static void tear_down(struct vbus_device_proxy *vdev, struct echo *echo)
{
	vbus_device_close(vdev, 0);
	if (echo->rx)
		ioq_put(echo->rx);
	if (echo->tx)
		ioq_put(echo->tx);
	kfree(echo);
}

/* Gives every slot of the receive ring to the device. */
static int post_slots(struct echo *echo)
{
	struct ioq_iterator iter;
	int ret = ioq_iter_init(echo->rx, &iter, IOQ_IDX_VALID, 0);
	u32 i;

	for (i = 0; !ret && i < ECHO_RING; i++) {
		iter.desc->valid = 1;
		ret = ioq_iter_push(&iter);
	}
	return ret;
}

static int set_up(struct vbus_device_proxy *vdev, struct echo *echo)
{
	int ret;

	ret = vbus_driver_ioq_alloc(vdev, "echo-rx", ECHO_RX, 0, ECHO_RING,
				    &echo->rx);
	if (!ret)
		ret = vbus_driver_ioq_alloc(vdev, "echo-tx", ECHO_TX, 0,
					    ECHO_RING, &echo->tx);
	if (!ret)
		ret = post_slots(echo);
	if (ret)
		return ret;
	sleeper_init(&echo->sleeper, echo->rx);
	echo->thread = kthread_create(driver_thread, echo, "echo-driver");
	if (IS_ERR(echo->thread))
		return PTR_ERR(echo->thread);
	kthread_bind(echo->thread, cpumask_first(cpu_online_mask));
	ret = vbus_device_call(vdev, ECHO_START, NULL, 0, 0);
	if (ret)
		kthread_stop(echo->thread);
	else
		wake_up_process(echo->thread);
	return ret;
}

static int echo_probe(struct vbus_device_proxy *vdev)
{
	struct echo *echo = kzalloc(sizeof(*echo), GFP_KERNEL);
	int ret;

	if (!echo)
		return -ENOMEM;
	ret = vbus_device_open(vdev, ECHO_VERSION, 0);
	if (ret) {
		kfree(echo);
		return ret;
	}
	ret = set_up(vdev, echo);
	if (ret)
		tear_down(vdev, echo);
	else
		vbus_set_drvdata(vdev, echo);
	return ret;
}

static void echo_remove(struct vbus_device_proxy *vdev)
{
	struct echo *echo = vbus_get_drvdata(vdev);

	kthread_stop(echo->thread);
	tear_down(vdev, echo);
}

struct vbus_driver echo_driver = {
	.type	= ECHO_TYPE,
	.probe	= echo_probe,
	.remove	= echo_remove,
};

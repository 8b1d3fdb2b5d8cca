// SPDX-License-Identifier: GPL-2.0-only
/*
 * South: what comes in the driver's transmit ring goes back in its receive
 * ring.
 */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/string.h>
#include "localhost.h"

/* A ring and its doorbell, south side. */
struct device_end {
	struct ioq *ioq;
	struct shm_signal signal;
	struct irq_work rung;
	u64 cookie;
};

static struct device_end ends[ECHO_SHMS];
static struct sleeper sleeper;
static struct task_struct *thread;

static void inject_signal(struct shm_signal *s)
{
	struct device_end *end = container_of(s, struct device_end, signal);

	localhost_post(VBUS_PCI_EVENT_SHMSIGNAL, end->cookie, NULL);
}

static void signal_released(struct shm_signal *s)
{
}

static const struct shm_signal_ops signal_ops = {
	.inject		= inject_signal,
	.release	= signal_released,
};

static void rung(struct irq_work *work)
{
	shm_signal_wakeup(&container_of(work, struct device_end, rung)->signal);
}

void echo_device_rung(u32 handle)
{
	if (handle < ECHO_SHMS && ends[handle].ioq)
		irq_work_queue(&ends[handle].rung);
}

/* True if there was something to send back, and room for it. */
static bool echo_one(struct ioq *from, struct ioq *to)
{
	struct ioq_iterator in, out;

	if (ioq_iter_init(from, &in, IOQ_IDX_INUSE, 0) ||
	    ioq_iter_init(to, &out, IOQ_IDX_INUSE, 0) ||
	    ioq_iter_seek(&out, IOQ_SEEK_TAIL, 0))
		return false;
	if (!ioq_iter_ours(&in) || ioq_empty(from, IOQ_IDX_INUSE) ||
	    !ioq_iter_ours(&out))
		return false;
	out.desc->len = in.desc->len;
	if (ioq_iter_push(&out) || ioq_iter_pop(&in)) {
		atomic_inc(&localhost_report.wrong);
		return false;
	}
	atomic_inc(&localhost_report.echoed);
	ioq_signal(to);
	ioq_signal(from);
	random_pause();
	return true;
}

static int device_thread(void *unused)
{
	while (!kthread_should_stop())
		if (!echo_one(ends[ECHO_TX].ioq, ends[ECHO_RX].ioq))
			sleeper_sleep(&sleeper);
		else
			cond_resched();
	return 0;
}

int echo_device_shm(u32 id, struct ioq_ring_head *head, u64 cookie)
{
	struct device_end *end;

	if (id >= ECHO_SHMS)
		return -EINVAL;
	end = &ends[id];
	if (end->ioq)
		return -EEXIST;
	init_irq_work(&end->rung, rung);
	end->cookie = cookie;
	shm_signal_init(&end->signal, SHM_LOCALITY_SOUTH, &signal_ops,
			&head->signal);
	end->ioq = ioq_new(head, le32_to_cpu(head->count), SHM_LOCALITY_SOUTH,
			   &end->signal);
	return end->ioq ? id : -ENOMEM;
}

int echo_device_call(u32 func)
{
	struct task_struct *created;

	if (func != ECHO_START || thread || !ends[ECHO_RX].ioq ||
	    !ends[ECHO_TX].ioq)
		return -EINVAL;
	sleeper_init(&sleeper, ends[ECHO_TX].ioq);
	created = kthread_create(device_thread, NULL, "echo-device");
	if (IS_ERR(created))
		return PTR_ERR(created);
	thread = created;
	kthread_bind(thread, cpumask_last(cpu_online_mask));
	wake_up_process(thread);
	return 0;
}

void echo_device_close(void)
{
	unsigned int id;

	if (thread)
		kthread_stop(thread);
	thread = NULL;
	for (id = 0; id < ECHO_SHMS; id++) {
		struct device_end *end = &ends[id];

		if (!end->ioq)
			continue;
		irq_work_sync(&end->rung);
		ioq_put(end->ioq);
		/* The signal is used again by the next device. */
		shm_signal_flush();
		end->ioq = NULL;
		localhost_post(VBUS_PCI_EVENT_SHMCLOSE, end->cookie, NULL);
	}
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * What debugfs shows: the connector's counters, one a line, in the file named
 * after the wire, and a line for each signal in the file NAME-signals.
 */
#include <linux/dcache.h>
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include "connector.h"

static void show_counter(struct seq_file *m, const char *name,
			 const atomic_long_t *value)
{
	seq_printf(m, ".%-12s: %lu\n", name,
		   (unsigned long)atomic_long_read(value));
}

static int statistics_show(struct seq_file *m, void *unused)
{
	struct vbus_connector *c = m->private;

	show_counter(m, "events", &c->stats.events);
	show_counter(m, "qnotify", &c->stats.qnotify);
	show_counter(m, "qinject", &c->stats.qinject);
	show_counter(m, "notify", &c->stats.notify);
	show_counter(m, "inject", &c->stats.inject);
	show_counter(m, "bridgecalls", &c->stats.bridgecalls);
	show_counter(m, "buscalls", &c->stats.buscalls);
	show_counter(m, "stale", &c->stats.stale);
	show_counter(m, "postponed", &c->stats.postponed);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(statistics);

static void show_signal(struct seq_file *m, const struct vbus_signal *signal)
{
	const struct shm_signal_stats *stats = &signal->shm.stats;

	seq_printf(m, "%s irq %d cpu %u injected %lu rung %lu wakeups %lu spurious %lu deferred %lu\n",
		   signal->name, signal->irq, READ_ONCE(signal->cpu),
		   (unsigned long)atomic_long_read(&stats->injected),
		   (unsigned long)atomic_long_read(&stats->rung),
		   (unsigned long)atomic_long_read(&stats->wakeups),
		   (unsigned long)atomic_long_read(&stats->spurious),
		   (unsigned long)atomic_long_read(&stats->deferred));
}

static int signals_show(struct seq_file *m, void *unused)
{
	struct vbus_connector *c = m->private;
	struct vbus_signal *signal;
	unsigned long cookie;

	/* Under the lock, entries have the host's reference. */
	xa_lock_irq(&c->signals);
	xa_for_each(&c->signals, cookie, signal)
		show_signal(m, signal);
	xa_unlock_irq(&c->signals);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(signals);

void vbus_statistics_name(struct vbus_connector *c)
{
	struct dentry *taken = debugfs_lookup(c->wire->name, NULL);

	if (IS_ERR_OR_NULL(taken)) {
		strscpy(c->name, c->wire->name, sizeof(c->name));
		return;
	}
	dput(taken);
	snprintf(c->name, sizeof(c->name), "%s.%d", c->wire->name, c->index);
}

/* Without debugfs nothing is missing but the files. */
void vbus_statistics_create(struct vbus_connector *c)
{
	char name[sizeof(c->name) + sizeof("-signals")];

	snprintf(name, sizeof(name), "%s-signals", c->name);
	c->statistics_file = debugfs_create_file(c->name, 0444, NULL, c,
						 &statistics_fops);
	c->signals_file = debugfs_create_file(name, 0444, NULL, c,
					      &signals_fops);
}

void vbus_statistics_destroy(struct vbus_connector *c)
{
	debugfs_remove(c->signals_file);
	debugfs_remove(c->statistics_file);
}

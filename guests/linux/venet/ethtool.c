// SPDX-License-Identifier: GPL-2.0-only
#include <linux/ethtool.h>
#include "enet.h"

struct enet_stat {
	char name[ETH_GSTRING_LEN];
	size_t offset;
};

#define ENET_STAT(field) { #field, offsetof(struct enet_stats, field) }

static const struct enet_stat enet_stat_names[] = {
	ENET_STAT(rx_polls),
	ENET_STAT(rx_flushed),
	ENET_STAT(rx_large),
	ENET_STAT(rx_gso),
	ENET_STAT(rx_no_buffer),
	ENET_STAT(rx_no_page),
	ENET_STAT(rx_bad),
	ENET_STAT(tx_polls),
	ENET_STAT(tx_gso),
	ENET_STAT(tx_kicks),
	ENET_STAT(tx_stops),
	ENET_STAT(tx_wakes),
	ENET_STAT(tx_timeouts),
	ENET_STAT(tx_bad_completions),
	ENET_STAT(events),
	ENET_STAT(tx_completion_events),
	ENET_STAT(link_events),
	ENET_STAT(bad_events),
};

static void enet_get_drvinfo(struct net_device *dev,
			     struct ethtool_drvinfo *info)
{
	struct enet *enet = netdev_priv(dev);

	strscpy(info->driver, "vbus-enet", sizeof(info->driver));
	strscpy(info->bus_info, dev_name(&enet->vdev->dev),
		sizeof(info->bus_info));
}

/* A cable of unknown speed that is never half-duplex. */
static int enet_get_link_ksettings(struct net_device *dev,
				   struct ethtool_link_ksettings *settings)
{
	settings->base.speed = SPEED_UNKNOWN;
	settings->base.duplex = DUPLEX_FULL;
	settings->base.port = PORT_OTHER;
	settings->base.autoneg = AUTONEG_DISABLE;
	return 0;
}

static void enet_get_ringparam(struct net_device *dev,
			       struct ethtool_ringparam *ring,
			       struct kernel_ethtool_ringparam *kernel_ring,
			       struct netlink_ext_ack *extack)
{
	struct enet *enet = netdev_priv(dev);

	ring->rx_max_pending = ENET_RING_MAX;
	ring->tx_max_pending = ENET_RING_MAX;
	ring->rx_pending = enet->rx.ioq->count;
	ring->tx_pending = enet->tx.ioq->count;
}

static int enet_get_sset_count(struct net_device *dev, int set)
{
	return set == ETH_SS_STATS ? ARRAY_SIZE(enet_stat_names) : -EOPNOTSUPP;
}

static void enet_get_strings(struct net_device *dev, u32 set, u8 *data)
{
	unsigned int i;

	if (set != ETH_SS_STATS)
		return;
	for (i = 0; i < ARRAY_SIZE(enet_stat_names); i++)
		ethtool_sprintf(&data, "%s", enet_stat_names[i].name);
}

static void enet_get_ethtool_stats(struct net_device *dev,
				   struct ethtool_stats *stats, u64 *data)
{
	struct enet *enet = netdev_priv(dev);
	const void *base = &enet->stats;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(enet_stat_names); i++) {
		const unsigned long *stat = base + enet_stat_names[i].offset;

		data[i] = READ_ONCE(*stat);
	}
}

const struct ethtool_ops enet_ethtool_ops = {
	.get_drvinfo		= enet_get_drvinfo,
	.get_link		= ethtool_op_get_link,
	.get_link_ksettings	= enet_get_link_ksettings,
	.get_ringparam		= enet_get_ringparam,
	.get_sset_count		= enet_get_sset_count,
	.get_strings		= enet_get_strings,
	.get_ethtool_stats	= enet_get_ethtool_stats,
	.get_ts_info		= ethtool_op_get_ts_info,
};

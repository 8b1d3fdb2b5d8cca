// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver for "virtual-ethernet", and the net_device that it makes.
 */
#include <linux/module.h>
#include <linux/rtnetlink.h>
#include "enet.h"

static uint rx_ringlen = 256;
module_param(rx_ringlen, uint, 0444);
MODULE_PARM_DESC(rx_ringlen, "receive buffers, 8 to 2048");

static uint tx_ringlen = 256;
module_param(tx_ringlen, uint, 0444);
MODULE_PARM_DESC(tx_ringlen, "packets in flight, 8 to 2048");

static uint page_ringlen = 512;
module_param(page_ringlen, uint, 0444);
MODULE_PARM_DESC(page_ringlen, "pages lent for large receive, 8 to 2048");

static bool sg_enabled = true;
module_param(sg_enabled, bool, 0444);
MODULE_PARM_DESC(sg_enabled, "scatter-gather, checksums and segmentation");

static bool pmtd_enabled = true;
module_param(pmtd_enabled, bool, 0444);
MODULE_PARM_DESC(pmtd_enabled, "pre-mapped transmit descriptors (with sg)");

static bool evq_enabled = true;
module_param(evq_enabled, bool, 0444);
MODULE_PARM_DESC(evq_enabled, "event queue with link state");

static bool txc_enabled = true;
module_param(txc_enabled, bool, 0444);
MODULE_PARM_DESC(txc_enabled, "transmit completion by event (with evq)");

static bool l4ro_enabled = true;
module_param(l4ro_enabled, bool, 0444);
MODULE_PARM_DESC(l4ro_enabled, "receive of large segments");

static void enet_schedule(struct enet *enet)
{
	local_bh_disable();
	napi_schedule(&enet->rx.napi);
	napi_schedule(&enet->tx.napi);
	local_bh_enable();
}

static void enet_notify_enable(struct enet *enet)
{
	ioq_notify_enable(enet->rx.ioq);
	if (!enet_has_txc(enet))
		ioq_notify_enable(enet->tx.ioq);
	if (enet->events.ioq)
		ioq_notify_enable(enet->events.ioq);
}

static void enet_notify_disable(struct enet *enet)
{
	ioq_notify_disable(enet->rx.ioq);
	ioq_notify_disable(enet->tx.ioq);
	if (enet->events.ioq)
		ioq_notify_disable(enet->events.ioq);
}

/* Both ends are quiet when this returns; what was in flight is settled. */
static void enet_quiesce(struct enet *enet)
{
	enet_notify_disable(enet);
	napi_disable(&enet->rx.napi);
	napi_disable(&enet->tx.napi);
	netif_carrier_off(enet->dev);
	enet_tx_reap(enet);
	enet_rx_discard(enet);
}

static int enet_open(struct net_device *dev)
{
	struct enet *enet = netdev_priv(dev);
	int ret;

	napi_enable(&enet->rx.napi);
	napi_enable(&enet->tx.napi);
	enet_notify_enable(enet);

	ret = enet_call(enet, VENET_FUNC_LINKUP, NULL, 0);
	if (ret < 0) {
		enet_quiesce(enet);
		return ret;
	}
	/* Otherwise an event says so. */
	if (!enet_has_linkstate(enet))
		netif_carrier_on(dev);
	netif_start_queue(dev);
	/* What came while nobody listened. */
	enet_schedule(enet);
	return 0;
}

static int enet_stop(struct net_device *dev)
{
	struct enet *enet = netdev_priv(dev);

	netif_tx_disable(dev);
	/* The device may be gone already: then nothing comes any more, either. */
	enet_call(enet, VENET_FUNC_LINKDOWN, NULL, 0);
	enet_quiesce(enet);
	return 0;
}

/*
 * Receive buffers are as long as the MTU asks for, so all of them are asked
 * back and replaced.  Frames that lie in them are lost.
 */
static int enet_change_mtu(struct net_device *dev, int mtu)
{
	struct enet *enet = netdev_priv(dev);
	bool running = netif_running(dev);
	int ret;

	if (running) {
		ioq_notify_disable(enet->rx.ioq);
		napi_disable(&enet->rx.napi);
	}
	ret = enet_call(enet, VENET_FUNC_FLUSHRX, NULL, 0);
	if (ret >= 0) {
		WRITE_ONCE(dev->mtu, mtu);
		enet_rx_discard(enet);
		ret = 0;
	}
	if (running) {
		napi_enable(&enet->rx.napi);
		ioq_notify_enable(enet->rx.ioq);
		enet_schedule(enet);
	}
	return ret;
}

static const struct net_device_ops enet_netdev_ops = {
	.ndo_open		= enet_open,
	.ndo_stop		= enet_stop,
	.ndo_start_xmit		= enet_start_xmit,
	.ndo_tx_timeout		= enet_tx_timeout,
	.ndo_change_mtu		= enet_change_mtu,
	.ndo_set_mac_address	= eth_mac_addr,
	.ndo_validate_addr	= eth_validate_addr,
	.ndo_get_stats64	= dev_get_tstats64,
};

static void enet_set_features(struct enet *enet)
{
	struct net_device *dev = enet->dev;

	dev->hw_features = 0;
	if (enet_has_sg(enet)) {
		dev->hw_features |= NETIF_F_SG | NETIF_F_HW_CSUM;
		if (enet->caps.sg & VENET_CAP_TSO4)
			dev->hw_features |= NETIF_F_TSO;
		if (enet->caps.sg & VENET_CAP_TSO6)
			dev->hw_features |= NETIF_F_TSO6;
		if (enet->caps.sg & VENET_CAP_ECN)
			dev->hw_features |= NETIF_F_TSO_ECN;
	}
	dev->vlan_features = dev->hw_features;
	dev->features = dev->hw_features | NETIF_F_HIGHDMA;
}

static int enet_query_mac(struct enet *enet)
{
	u8 mac[ETH_ALEN];
	int ret = enet_call(enet, VENET_FUNC_MACQUERY, mac, sizeof(mac));

	if (ret < 0)
		return ret;
	if (is_valid_ether_addr(mac))
		eth_hw_addr_set(enet->dev, mac);
	else
		eth_hw_addr_random(enet->dev);
	return 0;
}

/*
 * The name is chosen before the rings are made, whose interrupts are called
 * after it.  Until the device is registered another one may take it.
 */
static int enet_choose_name(struct net_device *dev)
{
	int ret;

	rtnl_lock();
	ret = dev_alloc_name(dev, "eth%d");
	rtnl_unlock();
	return min(ret, 0);
}

static int enet_register(struct net_device *dev)
{
	int ret = register_netdev(dev);

	if (ret != -EEXIST)
		return ret;
	strscpy(dev->name, "eth%d", sizeof(dev->name));
	return register_netdev(dev);
}

static u32 enet_ringlen(uint asked)
{
	return clamp_t(uint, asked, ENET_RING_MIN, ENET_RING_MAX);
}

static int enet_probe(struct vbus_device_proxy *vdev)
{
	const struct enet_config config = {
		.rx_ringlen = enet_ringlen(rx_ringlen),
		.tx_ringlen = enet_ringlen(tx_ringlen),
		.page_ringlen = enet_ringlen(page_ringlen),
		.sg = sg_enabled,
		.pmtd = pmtd_enabled,
		.evq = evq_enabled,
		.txc = txc_enabled,
		.l4ro = l4ro_enabled,
	};
	struct net_device *dev;
	struct enet *enet;
	int ret;

	dev = alloc_etherdev(sizeof(*enet));
	if (!dev)
		return -ENOMEM;
	SET_NETDEV_DEV(dev, &vdev->dev);
	enet = netdev_priv(dev);
	enet->vdev = vdev;
	enet->dev = dev;

	dev->tstats = netdev_alloc_pcpu_stats(struct pcpu_sw_netstats);
	if (!dev->tstats) {
		ret = -ENOMEM;
		goto free_dev;
	}
	dev->netdev_ops = &enet_netdev_ops;
	dev->ethtool_ops = &enet_ethtool_ops;
	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = ETH_MAX_MTU - VLAN_ETH_HLEN;
	enet_rx_setup(enet);
	enet_tx_setup(enet);

	ret = enet_choose_name(dev);
	if (!ret)
		ret = enet_connect(enet, &config);
	if (ret)
		goto free_dev;
	ret = enet_query_mac(enet);
	if (ret)
		goto disconnect;
	enet_set_features(enet);
	netif_carrier_off(dev);

	vbus_set_drvdata(vdev, enet);
	ret = enet_register(dev);
	if (ret)
		goto disconnect;
	netdev_info(dev, "venet %pM: sg %#x, events %#x, large receive %#x\n",
		    dev->dev_addr, enet->caps.sg, enet->caps.evq,
		    enet->caps.l4ro);
	return 0;

disconnect:
	enet_disconnect(enet);
free_dev:
	free_percpu(dev->tstats);
	free_netdev(dev);
	return ret;
}

static void enet_remove(struct vbus_device_proxy *vdev)
{
	struct enet *enet = vbus_get_drvdata(vdev);
	struct net_device *dev = enet->dev;

	unregister_netdev(dev);
	enet_disconnect(enet);
	free_percpu(dev->tstats);
	free_netdev(dev);
}

static struct vbus_driver enet_driver = {
	.type	= VENET_TYPE,
	.probe	= enet_probe,
	.remove	= enet_remove,
	.drv	= {
		.name = "vbus-enet",
	},
};
module_vbus_driver(enet_driver);

MODULE_DESCRIPTION("Network interfaces of virtual-bus");
MODULE_AUTHOR("The paravirt authors");
MODULE_LICENSE("GPL");
MODULE_VBUS_ALIAS(VENET_TYPE);

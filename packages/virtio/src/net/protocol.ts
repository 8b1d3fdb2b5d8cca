/**
 * The numbers of the network device. [virtio 1.2 §5.1] Names as in the specification; everything that this device does not implement is
 * left out.
 */
import type { FeatureRequirement } from '../features.ts';

/** [virtio 1.2 §5.1.3] Feature bits. */
export const VIRTIO_NET_F_CSUM = 0;
export const VIRTIO_NET_F_GUEST_CSUM = 1;
export const VIRTIO_NET_F_CTRL_GUEST_OFFLOADS = 2;
export const VIRTIO_NET_F_MTU = 3;
export const VIRTIO_NET_F_MAC = 5;
export const VIRTIO_NET_F_GUEST_TSO4 = 7;
export const VIRTIO_NET_F_GUEST_TSO6 = 8;
export const VIRTIO_NET_F_HOST_TSO4 = 11;
export const VIRTIO_NET_F_HOST_TSO6 = 12;
export const VIRTIO_NET_F_MRG_RXBUF = 15;
export const VIRTIO_NET_F_STATUS = 16;
export const VIRTIO_NET_F_CTRL_VQ = 17;
export const VIRTIO_NET_F_CTRL_RX = 18;
export const VIRTIO_NET_F_CTRL_VLAN = 19;
export const VIRTIO_NET_F_CTRL_RX_EXTRA = 20;
export const VIRTIO_NET_F_GUEST_ANNOUNCE = 21;
export const VIRTIO_NET_F_CTRL_MAC_ADDR = 23;

/** [virtio 1.2 §5.1.3.1] Bits that make no sense alone. */
export const NET_FEATURE_REQUIREMENTS: readonly FeatureRequirement[] = [
  { bit: VIRTIO_NET_F_GUEST_TSO4, needs: [VIRTIO_NET_F_GUEST_CSUM] },
  { bit: VIRTIO_NET_F_GUEST_TSO6, needs: [VIRTIO_NET_F_GUEST_CSUM] },
  { bit: VIRTIO_NET_F_HOST_TSO4, needs: [VIRTIO_NET_F_CSUM] },
  { bit: VIRTIO_NET_F_HOST_TSO6, needs: [VIRTIO_NET_F_CSUM] },
  { bit: VIRTIO_NET_F_CTRL_RX, needs: [VIRTIO_NET_F_CTRL_VQ] },
  { bit: VIRTIO_NET_F_CTRL_VLAN, needs: [VIRTIO_NET_F_CTRL_VQ] },
  { bit: VIRTIO_NET_F_GUEST_ANNOUNCE, needs: [VIRTIO_NET_F_CTRL_VQ] },
  { bit: VIRTIO_NET_F_CTRL_MAC_ADDR, needs: [VIRTIO_NET_F_CTRL_VQ] },
];

/** [virtio 1.2 §5.1.2] Queues of a device with one pair. */
export const RECEIVE_QUEUE = 0;
export const TRANSMIT_QUEUE = 1;
export const CONTROL_QUEUE = 2;

/** [virtio 1.2 §5.1.4] Bits of `status`. */
export const VIRTIO_NET_S_LINK_UP = 1;
export const VIRTIO_NET_S_ANNOUNCE = 2;

/** [virtio 1.2 §5.1.6] struct virtio_net_hdr with num_buffers, which VERSION_1 always has: bytes and offsets. */
export const NET_HEADER_SIZE = 12;
export const HEADER_FLAGS = 0;
export const HEADER_GSO_TYPE = 1;
export const HEADER_HDR_LEN = 2;
export const HEADER_GSO_SIZE = 4;
export const HEADER_CSUM_START = 6;
export const HEADER_CSUM_OFFSET = 8;
export const HEADER_NUM_BUFFERS = 10;

/** [virtio 1.2 §5.1.6] Values of `flags` and `gso_type`. */
export const VIRTIO_NET_HDR_F_NEEDS_CSUM = 1;
export const VIRTIO_NET_HDR_F_DATA_VALID = 2;
export const VIRTIO_NET_HDR_GSO_NONE = 0;
export const VIRTIO_NET_HDR_GSO_TCPV4 = 1;
export const VIRTIO_NET_HDR_GSO_TCPV6 = 4;

/** [virtio 1.2 §5.1.6.5] Control commands: class, then command. */
export const VIRTIO_NET_OK = 0;
export const VIRTIO_NET_ERR = 1;
export const VIRTIO_NET_CTRL_RX = 0;
export const VIRTIO_NET_CTRL_RX_PROMISC = 0;
export const VIRTIO_NET_CTRL_RX_ALLMULTI = 1;
export const VIRTIO_NET_CTRL_RX_ALLUNI = 2;
export const VIRTIO_NET_CTRL_RX_NOMULTI = 3;
export const VIRTIO_NET_CTRL_RX_NOUNI = 4;
export const VIRTIO_NET_CTRL_RX_NOBCAST = 5;
export const VIRTIO_NET_CTRL_MAC = 1;
export const VIRTIO_NET_CTRL_MAC_TABLE_SET = 0;
export const VIRTIO_NET_CTRL_MAC_ADDR_SET = 1;
export const VIRTIO_NET_CTRL_VLAN = 2;
export const VIRTIO_NET_CTRL_VLAN_ADD = 0;
export const VIRTIO_NET_CTRL_VLAN_DEL = 1;
export const VIRTIO_NET_CTRL_ANNOUNCE = 3;
export const VIRTIO_NET_CTRL_ANNOUNCE_ACK = 0;
export const VIRTIO_NET_CTRL_GUEST_OFFLOADS = 5;
export const VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET = 0;

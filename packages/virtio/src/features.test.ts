import { describe, expect, it } from 'vitest';
import { FeatureNegotiation, featureSet, hasFeature, VIRTIO_F_VERSION_1 } from './features.ts';
import { NET_FEATURE_REQUIREMENTS } from './net/protocol.ts';

const write = (negotiation: FeatureNegotiation, set: bigint): void => {
  negotiation.driverSelect = 0;
  negotiation.writeDriverWindow(Number(set & 0xffff_ffffn));
  negotiation.driverSelect = 1;
  negotiation.writeDriverWindow(Number(set >> 32n));
};

describe('[virtio 1.2 §2.2] Feature Bits', () => {
  it('shows 64 bits through two windows and nothing through others', () => {
    const negotiation = new FeatureNegotiation(0x8000_0001_4000_0002n);
    const seen = [0, 1, 2, 4, 0xffff_ffff].map((select) => {
      negotiation.deviceSelect = select;
      return negotiation.readDeviceWindow();
    });
    expect(seen).toEqual([0x4000_0002, 0x8000_0001, 0, 0, 0]);
  });

  it('takes a subset with VERSION_1 and freezes it', () => {
    const negotiation = new FeatureNegotiation(featureSet(1, 2, VIRTIO_F_VERSION_1));
    write(negotiation, featureSet(1, VIRTIO_F_VERSION_1));
    expect(negotiation.negotiated).toBe(0n);
    expect(negotiation.accept()).toBeUndefined();
    write(negotiation, 0n);
    expect(negotiation.negotiated).toBe(featureSet(1, VIRTIO_F_VERSION_1));
    negotiation.reset();
    expect([negotiation.negotiated, negotiation.readDriverWindow()]).toEqual([0n, 0]);
  });

  it('refuses a bit that was not offered, and a driver without VERSION_1', () => {
    const negotiation = new FeatureNegotiation(featureSet(1, VIRTIO_F_VERSION_1));
    write(negotiation, featureSet(2, VIRTIO_F_VERSION_1));
    expect(negotiation.accept()).toBe('not-offered');
    write(negotiation, featureSet(63, VIRTIO_F_VERSION_1));
    expect(negotiation.accept()).toBe('not-offered');
    write(negotiation, featureSet(1));
    expect(negotiation.accept()).toBe('version-1-missing');
  });
});

describe('[virtio 1.2 §5.1.3.1] Feature bit requirements', () => {
  it('TP-04: refuses every bit whose dependency is missing, and takes it with the dependency', () => {
    const all = NET_FEATURE_REQUIREMENTS.flatMap(({ bit, needs }) => [bit, ...needs]);
    for (const { bit, needs } of NET_FEATURE_REQUIREMENTS) {
      const negotiation = new FeatureNegotiation(featureSet(...new Set(all), VIRTIO_F_VERSION_1), NET_FEATURE_REQUIREMENTS);
      write(negotiation, featureSet(bit, VIRTIO_F_VERSION_1));
      expect(negotiation.accept(), `bit ${bit}`).toBe('dependency-missing');
      write(negotiation, featureSet(bit, ...needs, VIRTIO_F_VERSION_1));
      expect(negotiation.accept()).toBeUndefined();
      expect(hasFeature(negotiation.negotiated, bit)).toBe(true);
    }
  });
});

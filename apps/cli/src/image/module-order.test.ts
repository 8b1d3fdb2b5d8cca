import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadOrder } from './module-order.ts';

type Graph = Readonly<Record<string, readonly string[]>>;
const infoOf =
  (graph: Graph, soft: Graph = {}) =>
  (name: string) =>
    graph[name] === undefined ? undefined : { depends: graph[name], softDepends: soft[name] ?? [] };

describe('Load order of kernel modules', () => {
  it('puts every module after what it depends on', () => {
    const graph = {
      virtio: ['virtio_ring'],
      virtio_ring: [],
      virtio_pci: ['virtio_pci_modern_dev', 'virtio', 'virtio_ring'],
      virtio_pci_modern_dev: [],
      virtio_net: ['net_failover', 'virtio', 'virtio_ring'],
      net_failover: ['failover'],
      failover: [],
    };
    expect(loadOrder(['virtio-pci', 'virtio-net'], infoOf(graph), new Set())).toEqual([
      'virtio_pci_modern_dev',
      'virtio_ring',
      'virtio',
      'virtio_pci',
      'failover',
      'net_failover',
      'virtio_net',
    ]);
  });

  it('leaves out what is built in', () => {
    expect(loadOrder(['virtio_net', 'virtio_pci'], infoOf({ virtio_net: ['virtio'] }), new Set(['virtio', 'virtio_pci']))).toEqual([
      'virtio_net',
    ]);
  });

  it('loads soft dependencies before, if they exist', () => {
    expect(loadOrder(['a'], infoOf({ a: [], b: [] }, { a: ['b', 'absent'] }), new Set())).toEqual(['b', 'a']);
  });

  it('says which module is missing and who needs it', () => {
    expect(() => loadOrder(['a'], infoOf({ a: ['b'] }), new Set())).toThrow('no module b, which a needs');
    expect(() => loadOrder(['c'], infoOf({}), new Set())).toThrow('no module c, and it is not built in');
  });

  it('reports modules that wait for each other instead of looping', () => {
    expect(() => loadOrder(['a'], infoOf({ a: ['b'], b: ['a'] }), new Set())).toThrow('a → b → a');
    expect(loadOrder(['a'], infoOf({ a: [], b: ['a'] }, { a: ['b'] }), new Set())).toEqual(['a']);
  });

  it('orders any graph without cycles, each module once', () => {
    const size = 12;
    const edges = fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 40 });
    fc.assert(
      fc.property(edges, fc.array(fc.nat(size - 1), { minLength: 1 }), (pairs, wanted) => {
        const graph: Record<string, string[]> = {};
        for (let i = 0; i < size; i++) graph[`m${i}`] = pairs.filter(([from, to]) => from === i && to < i).map(([, to]) => `m${to}`);
        const order = loadOrder(
          wanted.map((i) => `m${i}`),
          infoOf(graph),
          new Set(),
        );
        expect(new Set(order).size).toBe(order.length);
        for (const i of wanted) expect(order).toContain(`m${i}`);
        for (const [at, name] of order.entries()) for (const needed of graph[name] ?? []) expect(order.indexOf(needed)).toBeLessThan(at);
      }),
    );
  });
});

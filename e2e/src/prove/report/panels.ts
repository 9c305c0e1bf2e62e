import { html, type Markup } from './html.js';
import { drawPanel, type Panel, type PanelGround } from './panel.js';
import { decadeAxis, linearAxis } from './value-axis.js';

const panels: readonly Panel[] = [
  {
    title: 'Throughput',
    unit: 'orders/s',
    axis: linearAxis,
    curves: [
      { name: 'accepted', of: ({ acceptedPerSecond }) => acceptedPerSecond },
      { name: 'ended', of: ({ endedPerSecond }) => endedPerSecond },
    ],
  },
  {
    title: 'Latency',
    unit: 'ms, by decades',
    axis: decadeAxis,
    curves: [
      { name: 'median', of: ({ p50Ms }) => p50Ms },
      { name: '99th percentile', of: ({ p99Ms }) => p99Ms },
    ],
  },
  {
    title: 'Backlog',
    unit: 'rows, records',
    axis: linearAxis,
    curves: [
      { name: 'outbox rows', of: ({ outboxRows }) => outboxRows },
      { name: 'records unread', of: ({ lag }) => lag },
    ],
  },
  {
    title: 'Unseen',
    unit: 'orders',
    axis: linearAxis,
    curves: [{ name: 'accepted, not ended', of: ({ unseen }) => unseen }],
  },
];

export function drawPanels(ground: PanelGround): Markup {
  return html`${panels.map((panel) => drawPanel(panel, ground))}`;
}

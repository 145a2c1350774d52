/** A row of a dashboard, with its panels from left to right. */
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';

export interface PanelMaker {
  id(id: number): PanelMaker;
  build(): Panel;
}
export interface Section {
  readonly title: string;
  readonly collapsed?: boolean;
  readonly panels: readonly PanelMaker[];
}

import type { OfflineSettings, SettingsOptions } from '#project/settings';

/** Loaded when a verb asks: help and usage errors answer at once. */
export async function offlineSettings(options: SettingsOptions): Promise<OfflineSettings> {
  const { loadOfflineSettings } = await import('#project/settings');
  return loadOfflineSettings(options);
}

import type { Emit } from '#core/events';
import type { RunStore } from '#ports';

/** A store whose transitions are told to the listeners, whoever makes them. */
export function announcing(store: RunStore, emit: Emit): RunStore {
  return {
    ...store,
    transition: async (run, event, actor, fence) => {
      const moved = await store.transition(run, event, actor, fence);
      const { migration, state } = run;
      emit('run:transition', { migration, from: state.kind, to: moved.state.kind, event: event.kind, actor });
      return moved;
    },
  };
}

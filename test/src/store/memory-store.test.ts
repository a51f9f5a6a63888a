import { MemoryStore } from '../../../src/store/memory-store.ts';
import { describeStoreContract } from '../../support/store-contract.ts';

describeStoreContract('memory', async () => {
  const store = new MemoryStore();
  return {
    store,
    setFull: (isFull) => store.setFull(isFull),
    reopen: async () => null,
    close: () => store.close(),
  };
});

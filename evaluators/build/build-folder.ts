/** Folders of finished builds, named by content: a build appears under its name only when it is complete. */
import { mkdir, rename, rm } from 'node:fs/promises';

/** Fills a new folder by `build` and gives it the name `home`. When another build of the same content was faster, its folder stays. */
export async function buildFolder(home: string, build: (work: string) => Promise<void>): Promise<void> {
  const work = `${home}.${process.pid}.${Math.floor(performance.now() * 1000)}`;
  await mkdir(work, { recursive: true });
  try {
    await build(work);
    await rename(work, home).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

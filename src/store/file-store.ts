/**
 * Files by the SHA-256 of their content: uploads and artifacts. A file appears under its name only when it is complete and on
 * disk; the same content is stored once. Names and paths of users never reach the file system.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, type ReadStream } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../errors.ts';

export interface StoredFile {
  readonly sha256: string;
  readonly sizeBytes: number;
}

const SHA256 = /^[0-9a-f]{64}$/;

export class FileStore {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(folder: string): Promise<FileStore> {
    const store = new FileStore(folder);
    await rm(path.join(folder, 'incoming'), { recursive: true, force: true });
    await mkdir(path.join(folder, 'incoming'), { recursive: true, mode: 0o700 });
    return store;
  }

  #path(sha256: string): string {
    if (!SHA256.test(sha256)) throw new Error(`not a sha256: ${sha256}`);
    return path.join(this.#folder, sha256);
  }

  /** Where a file with this content is, for readers that need a path. */
  pathOf(sha256: string): string {
    return this.#path(sha256);
  }

  async has(sha256: string): Promise<boolean> {
    return (
      SHA256.test(sha256) &&
      (await stat(this.#path(sha256)).then(
        () => true,
        () => false,
      ))
    );
  }

  /** Stores a stream of at most `limitBytes`. Throws `UserError` BODY_TOO_LARGE (413) or DISK_FULL (507); then nothing is stored. */
  async put(content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, limitBytes: number): Promise<StoredFile> {
    const incoming = path.join(this.#folder, 'incoming', randomBytes(12).toString('hex'));
    const hash = createHash('sha256');
    let sizeBytes = 0;
    try {
      const file = await open(incoming, 'wx', 0o600);
      try {
        for await (const chunk of content) {
          sizeBytes += chunk.length;
          if (sizeBytes > limitBytes)
            throw new UserError({
              code: 'BODY_TOO_LARGE',
              message: `the file is larger than ${limitBytes} bytes`,
              status: 413,
            });
          hash.update(chunk);
          await file.write(chunk);
        }
        await file.sync();
      } finally {
        await file.close();
      }
      const sha256 = hash.digest('hex');
      await rename(incoming, this.#path(sha256));
      return { sha256, sizeBytes };
    } catch (error) {
      await rm(incoming, { force: true });
      const code = (error as { code?: string }).code;
      if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EIO')
        throw new UserError({
          code: 'DISK_FULL',
          message: 'the file could not be written: nothing was stored',
          hint: 'make room on the disk of the data folder',
          status: 507,
          exitCode: 75,
        });
      throw error;
    }
  }

  /** Throws `UserError` FILE_NOT_FOUND (404). */
  async read(sha256: string): Promise<Buffer> {
    try {
      return await readFile(this.#path(sha256));
    } catch {
      throw new UserError({
        code: 'FILE_NOT_FOUND',
        message: `there is no file ${sha256.slice(0, 80)}`,
        status: 404,
        exitCode: 66,
      });
    }
  }

  stream(sha256: string): ReadStream {
    return createReadStream(this.#path(sha256));
  }
}

/**
 * `paravirt image debian`: makes a guest to boot. Standard output has the result only (the command to boot it, or one JSON object), so that
 * programs can read it; progress goes to standard error.
 */
import { type Command, Option } from 'commander';
import { ARCHITECTURES, type Architecture, type DebianImage, debianImage } from './debian-image.ts';
import { ImageError } from './image-error.ts';
import { Progress } from './progress.ts';

interface ImageOptions {
  readonly arch: Architecture;
  readonly out?: string;
  readonly json?: boolean;
}

/** Adds `image debian` to `program`. Failures print one line and set exit code 2. */
export function addImageCommand(program: Command): void {
  const image = program.command('image').description('make a guest image');
  image
    .command('debian')
    .description(
      "make a guest from Debian's packages: stock kernel, busybox, modules for virtio and virtual-bus; kept in $XDG_CACHE_HOME/paravirt",
    )
    .addOption(new Option('--arch <arch>', 'architecture of the guest').choices(ARCHITECTURES).default('x86_64'))
    .option('--out <dir>', 'copy vmlinuz-ARCH and initrd-ARCH into this directory')
    .option('--json', 'print the result as one JSON object')
    .action(async (options: ImageOptions) => {
      const progress = new Progress(process.stderr);
      try {
        const made = await debianImage({ arch: options.arch, progress, ...(options.out === undefined ? {} : { out: options.out }) });
        progress.end();
        if (made.omitted !== undefined) process.stderr.write(`paravirt: without the modules of virtual-bus: ${made.omitted}\n`);
        process.stdout.write(options.json === true ? `${JSON.stringify(made)}\n` : described(made));
      } catch (error) {
        progress.end();
        // A full disk or a cache that cannot be written is no reason for a stack trace either.
        if (!(error instanceof ImageError) && (error as NodeJS.ErrnoException).code === undefined) throw error;
        process.stderr.write(`paravirt: ${(error as Error).message}\n`);
        process.exitCode = 2;
      }
    });
}

/** For people: what it is, and the command that boots it. */
export function described(image: DebianImage): string {
  const words = ['paravirt run --memory 512M', `--kernel ${image.kernel}`, `--initrd ${image.initrd}`, `--append "${image.append}"`];
  return [
    ...image.packages,
    `modules: ${image.modules.join(' ')}`,
    `Boot it with:`,
    `  ${[...words, '--net user,model=virtio-net-pci'].join(' \\\n    ')}`,
    '',
  ].join('\n');
}

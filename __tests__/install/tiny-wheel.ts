import { crc32 } from 'node:zlib';

interface Wheel {
  readonly name: string;
  readonly version: string;
  /** Default `py3-none-any`. */
  readonly tag?: string;
  readonly requires?: readonly string[];
  readonly requiresPython?: string;
  /** Path in the wheel → text, beside the metadata. */
  readonly members?: Readonly<Record<string, string>>;
}

/** A ZIP archive without compression (APPNOTE 4.3): local headers, central directory, end record. */
function zip(members: Readonly<Record<string, string>>): Buffer {
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(members)) {
    const data = Buffer.from(text);
    const header = Buffer.alloc(30);
    header.writeUInt32LE(0x04034b50, 0);
    header.writeUInt16LE(20, 4);
    header.writeUInt16LE(0x21, 12);
    header.writeUInt32LE(crc32(data), 14);
    header.writeUInt32LE(data.length, 18);
    header.writeUInt32LE(data.length, 22);
    header.writeUInt16LE(Buffer.byteLength(name), 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(0x0314, 4);
    header.copy(entry, 6, 4, 30);
    entry.writeUInt32LE((0o100644 << 16) >>> 0, 38);
    entry.writeUInt32LE(offset, 42);
    local.push(header, Buffer.from(name), data);
    central.push(entry, Buffer.from(name));
    offset += header.length + Buffer.byteLength(name) + data.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Object.keys(members).length, 8);
  end.writeUInt16LE(Object.keys(members).length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...local, directory, end]);
}

/** A pure wheel that installers take (PEP 427): `NAME.py` with `version = '...'`, and what `members` adds. */
export function tinyWheel(wheel: Wheel): Record<string, Buffer> {
  const tag = wheel.tag ?? 'py3-none-any';
  const info = `${wheel.name}-${wheel.version}.dist-info`;
  const metadata = [
    'Metadata-Version: 2.1',
    `Name: ${wheel.name}`,
    `Version: ${wheel.version}`,
    ...(wheel.requiresPython === undefined ? [] : [`Requires-Python: ${wheel.requiresPython}`]),
    ...(wheel.requires ?? []).map((line) => `Requires-Dist: ${line}`),
  ];
  const members: Record<string, string> = {
    [`${wheel.name}.py`]: `version = '${wheel.version}'\n`,
    ...wheel.members,
    [`${info}/METADATA`]: `${metadata.join('\n')}\n`,
    [`${info}/WHEEL`]: `Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: ${tag}\n`,
  };
  const record = [...Object.keys(members), `${info}/RECORD`].map((name) => `${name},,\n`).join('');
  return { [`${wheel.name}-${wheel.version}-${tag}.whl`]: zip({ ...members, [`${info}/RECORD`]: record }) };
}

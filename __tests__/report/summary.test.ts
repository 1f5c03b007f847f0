import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatSummary } from '../../src/report/summary.js';
import type { Report } from '../../src/values/report.js';
import { doneReport, refusedReport } from './reports.js';

/** The tables of a summary: rows of cells. */
function rows(markdown: string): string[][] {
  return markdown
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.slice(2, -2).split(' | '));
}

function row(markdown: string, first: string): string[] | undefined {
  return rows(markdown).find(([cell]) => cell === first);
}

describe('the summary of a run', () => {
  const summary = formatSummary(doneReport);

  test('begins with the run in a sentence', () => {
    expect(summary.split('\n')[0]).toBe(
      '## ✓ paddlepaddle-gpu 3.2.2 &#40;cu126&#41;, verified, 217 MB downloaded, in 10 s',
    );
  });

  test('draws when each step ran', () => {
    expect(row(summary, 'Resolve')).toEqual(['Resolve', '1.0 s', `<code>███${'·'.repeat(27)}</code>`]);
    expect(row(summary, 'Install')?.[2]).toBe(`<code>···${'█'.repeat(27)}</code>`);
  });

  test('tells what each source served, and of its faults each once', () => {
    expect(row(summary, 'quick')).toEqual(['quick', 'catalogue', '217 MB served']);
    expect(row(summary, 'near')).toEqual([
      'near',
      'mirrors',
      'no file served; banned &#40;2 times&#41;: 403 Forbidden Wait a day.',
    ]);
  });

  test('tells versions, what had no hash, the key with its anatomy, hit or miss, and each check', () => {
    expect(row(summary, 'Python')?.[1]).toBe('3.11.7, /env/bin/python');
    expect(row(summary, 'setuptools')?.[1]).toContain('imported, not declared');
    expect(row(summary, 'Lock')?.[1]).toBe('1 files, 219 MB, kept from an earlier run');
    expect(row(summary, 'Not hashed')?.[1]).toContain('code.example');
    expect(row(summary, 'Key')?.[1]).toBe('linux-x64-cp311-cu126-0123abcd');
    expect(row(summary, 'key: requirements')?.[1]).toBe('0123abcd');
    expect(row(summary, 'Hit')?.[1]).toBe('partial: 3 files, 1.5 MB reused, 217 MB downloaded');
    expect(row(summary, 'Stored')?.[1]).toBe('11 files, 217 MB');
    expect(row(summary, 'Saved')?.[1]).toBe(
      'about 12 s against downloading 1.5 MB at 125 kB/s &#40;measured in this run&#41;',
    );
    expect(row(summary, 'import')).toEqual(['import', '✓', '2.0 s', '', 'imported']);
    expect(row(summary, 'training on gpu:0')?.[1]).toBe('–');
  });

  test('of a refusal holds all that is wrong and no empty table', () => {
    const refused = formatSummary(refusedReport);
    expect(refused).toContain('- **device**: cu12 is not known. Did you mean cu126?');
    expect(refused).toContain('- **venv**: /etc/hosts is a file. Name a folder.');
    expect(rows(refused)).toEqual([]);
  });
});

describe('text from outside', () => {
  const said = (detail: string): Report => ({
    ...doneReport,
    sources: [
      {
        id: 'x',
        url: 'https://x.example/',
        origin: 'mirrors',
        bytes: 0,
        faults: [{ source: 'x', url: '', kind: 'html', detail, remedy: null }],
      },
    ],
  });

  test('can not add a row, a column, an image, a link or a tag', () => {
    const markdown = formatSummary(
      said('a | b\n| c |\n![i](https://evil.example) <img src=x> www.evil.example `x` ~~x~~'),
    );
    const detail = row(markdown, 'x');
    expect(detail).toHaveLength(3);
    expect(detail?.[2]).not.toMatch(/[![\]`~<]|:\/\/|www\./);
  });

  test('never changes the shape of the tables', () => {
    const shape = (markdown: string) => rows(markdown).map((cells) => cells.length);
    const plain = shape(formatSummary(said('plain')));
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (detail) => {
        expect(shape(formatSummary(said(detail)))).toEqual(plain);
      }),
    );
  });

  test('that is endless is cut at a whole line, below the size at which a summary is dropped', () => {
    const notices = Array.from({ length: 20_000 }, (_, i) => ({ id: String(i), text: `${i}: ${'ü'.repeat(100)}` }));
    const markdown = formatSummary({ ...doneReport, notices });
    expect(Buffer.byteLength(markdown)).toBeLessThan(2 ** 20);
    const lines = markdown.trimEnd().split('\n');
    expect(lines.at(-1)).toBe('(cut: the summary was longer than 1.0 MB)');
    expect(lines.at(-3)).toMatch(/^- ⚠ \d+: ü{100}$/);
  });
});

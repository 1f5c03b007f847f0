import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createActionLog } from '../../src/report/action-log.js';
import { createTerminalLog } from '../../src/report/terminal-log.js';
import { readSpoken } from '../support/workflow-commands.js';

const progress = (bytes: number) => ({ item: 'a.whl', bytes, total: 100, sources: ['quick'] });
const clear = '\r\u001b[K';

let now: number;

beforeEach(() => {
  now = 1_000;
  jest.spyOn(performance, 'now').mockImplementation(() => now);
});

afterEach(() => {
  jest.restoreAllMocks();
});

function terminal(isTTY: boolean, columns?: number) {
  const written: string[] = [];
  return { written, text: () => written.join(''), write: (text: string) => written.push(text), isTTY, columns };
}

describe('a terminal', () => {
  test('has one live line, rewritten in place and cleared before anything else is said', () => {
    const screen = terminal(true, 80);
    const log = createTerminalLog(screen, false);
    log.progress(progress(10));
    now += 200;
    log.progress(progress(20));
    log.info('next');
    log.progress(progress(30));
    now += 200;
    log.progress(progress(40));
    log.end();
    expect(screen.written[0]).toBe('  a.whl  10 %  of 100 B  from quick');
    expect(screen.text()).toContain(`${clear}  a.whl  20 %`);
    expect(screen.text()).toContain(`${clear}next\n`);
    expect(screen.text().endsWith(clear)).toBe(true);
  });

  test('is not written to more often than it can be read', () => {
    const screen = terminal(true, 80);
    const log = createTerminalLog(screen, false);
    for (let i = 0; i < 50; i += 1) {
      now += 1;
      log.progress(progress(i));
    }
    expect(screen.written).toHaveLength(1);
  });

  test('that is narrow gets a line that fits', () => {
    const screen = terminal(true, 24);
    const log = createTerminalLog(screen, false);
    log.progress({ item: 'a-very-long-name-of-a-wheel-1.0-py3-none-any.whl', bytes: 1, total: 2, sources: ['quick'] });
    expect(screen.written[0]).toHaveLength(23);
  });

  test('can not be steered by text from outside', () => {
    const screen = terminal(true, 80);
    const log = createTerminalLog(screen, true);
    log.info('red \u001b[31m title \u001b]0;x\u0007 back \r over\nnext\tcolumn');
    expect(screen.text()).toBe('red [31m title ]0;x back  over\nnext\tcolumn\n');
  });
});

describe('a log file', () => {
  test('gets a plain line of progress every 5 s a file, and none for what is over at once', () => {
    const screen = terminal(false);
    const log = createTerminalLog(screen, false);
    log.progress(progress(0));
    now += 4_000;
    log.progress(progress(10));
    now += 1_500;
    log.progress(progress(50));
    now += 1_000;
    log.progress(progress(60));
    log.end();
    expect(screen.text()).toBe('  a.whl  50 %  of 100 B  9 B/s  from quick\n');
  });

  test.each([true, false])('tells of a large file that is whole, at once (a terminal: %s)', (tty) => {
    const screen = terminal(tty, 80);
    const log = createTerminalLog(screen, false);
    const file = { item: 'b.whl', total: 20_000_000, sources: ['quick'] };
    log.progress({ ...file, bytes: 0 });
    now += 1_000;
    log.progress({ ...file, bytes: 20_000_000 });
    expect(screen.text()).toContain('  b.whl  100 %  of 20.0 MB  20.0 MB/s  from quick\n');
  });

  test('gets each warning once, and debugging only where it is on', () => {
    const screen = terminal(false);
    const log = createTerminalLog(screen, false);
    log.warn({ id: 'x', text: 'one' });
    log.warn({ id: 'x', text: 'one again' });
    log.debug('hidden');
    expect(screen.text()).toBe('warning: one\n');
    const loud = terminal(false);
    createTerminalLog(loud, true).debug('shown');
    expect(loud.text()).toBe('debug: shown\n');
  });

  test('holds no secret, in lines and in progress', () => {
    const screen = terminal(true, 80);
    const log = createTerminalLog(screen, true);
    log.mask('hunter2');
    log.info('with hunter2');
    log.debug('with hunter2');
    log.step('with hunter2');
    log.warn({ id: 'x', text: 'with hunter2' });
    log.progress({ item: 'hunter2.whl', bytes: 1, total: 2, sources: [] });
    expect(screen.text()).not.toContain('hunter2');
    expect(log.hide('hunter2')).toBe('***');
  });
});

describe('in a job', () => {
  function spoken(say: (log: ReturnType<typeof createActionLog>) => void) {
    const written: string[] = [];
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
    say(createActionLog());
    return { output: written.join(''), ...readSpoken(written.join('')) };
  }

  test('each step is a group, and the last one is closed', () => {
    const { groups, output } = spoken((log) => {
      log.step('Resolve');
      log.step('Install');
      log.end();
      log.end();
    });
    expect(groups).toEqual(['Resolve', 'Install']);
    expect(output.match(/::endgroup::/g)).toHaveLength(2);
  });

  test('a secret is hidden from then on, an empty one is not registered', () => {
    const { masks, log } = spoken((said) => {
      said.mask('');
      said.mask('hunter2');
      said.info('with hunter2');
    });
    expect(masks).toEqual(['hunter2']);
    expect(log).not.toContain('hunter2');
  });

  test('text from outside is no command to the runner', () => {
    const { annotations, masks, output } = spoken((log) => {
      log.info('answer:\n::add-mask::a\n  ::error::b\n::stop-commands::c');
      log.warn({ id: 'x', text: 'see\n::error::b' });
      log.info('x ##[error]d');
    });
    expect([annotations, masks]).toEqual([[], []]);
    expect(output).not.toMatch(/^\s*::|##\[/m);
  });

  test('a large file that is whole gets its line', () => {
    const { log } = spoken((said) => {
      said.progress({ item: 'b.whl', bytes: 20_000_000, total: 20_000_000, sources: ['quick'] });
    });
    expect(log.trim()).toBe('b.whl  100 %  of 20.0 MB  from quick');
  });

  test('progress is a line every 5 s a file, and a warning is told once', () => {
    const { log } = spoken((said) => {
      said.progress(progress(0));
      now += 5_000;
      said.progress(progress(50));
      said.progress(progress(51));
      said.warn({ id: 'x', text: 'one' });
      said.warn({ id: 'x', text: 'one' });
    });
    expect(log.trim().split('\n')).toEqual(['a.whl  50 %  of 100 B  10 B/s  from quick', 'warning: one']);
  });
});

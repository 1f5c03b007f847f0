import { describe, expect, test } from '@jest/globals';
import { findMirror, mirrorAt, mirrors } from '../../src/catalog/mirrors.js';

describe('mirrors', () => {
  test('the official index is the first and has no address', () => {
    expect(mirrors[0]).toMatchObject({ id: 'official', url: null, hosts: [] });
    expect(mirrors.filter(({ url }) => url === null)).toHaveLength(1);
  });

  test('an address belongs to a mirror by its host, whatever the path', () => {
    expect(mirrorAt('https://mirrors.aliyun.com/pypi/simple')?.id).toBe('aliyun');
    expect(mirrorAt('https://any.tuna.tsinghua.edu.cn/simple/')?.id).toBe('tuna');
    expect(mirrorAt('https://mirrors.aliyun.com.example/simple/')).toBeUndefined();
    expect(mirrorAt('https://xtuna.tsinghua.edu.cn/simple/')).toBeUndefined();
    expect(mirrorAt('no address')).toBeUndefined();
  });

  test('every address is found again by its host', () => {
    for (const { id, url } of mirrors) {
      expect([id, url === null ? id : mirrorAt(url)?.id]).toEqual([id, id]);
    }
  });

  test('a campus gets four connections, a content network sixteen', () => {
    expect(findMirror('tuna')?.connections).toBe(4);
    expect(findMirror('aliyun')?.connections).toBe(16);
    expect(mirrors.filter(({ connections }) => ![4, 16].includes(connections))).toEqual([]);
    expect(
      mirrors.filter(({ hosts, connections }) => connections === 16 && hosts.some((host) => host.endsWith('.edu.cn'))),
    ).toEqual([]);
  });

  test('mirrors that hand their clients to TUNA are in its group', () => {
    expect(mirrors.filter(({ group }) => group === 'tuna').map(({ id }) => id)).toEqual([
      'tuna',
      'bfsu',
      'ustc',
      'sjtu',
      'zju',
      'cernet',
    ]);
  });

  test('closed and abandoned ones are not offered', () => {
    const closed = /baidu|douban|163\.com|jlu\.edu|cqupt/;
    expect(mirrors.filter(({ url, hosts }) => closed.test([url, ...hosts].join(' ')))).toEqual([]);
  });
});

import { createRequire as __WEBPACK_EXTERNAL_createRequire } from "module";
/******/ var __webpack_modules__ = ({

/***/ 1916:
/***/ ((__unused_webpack_module, exports) => {

var __webpack_unused_export__;

__webpack_unused_export__ = true;
exports.Io = exports.kp = void 0;
var peq = new Uint32Array(0x10000);
var myers_32 = function (a, b) {
    var n = a.length;
    var m = b.length;
    var lst = 1 << (n - 1);
    var pv = -1;
    var mv = 0;
    var sc = n;
    var i = n;
    while (i--) {
        peq[a.charCodeAt(i)] |= 1 << i;
    }
    for (i = 0; i < m; i++) {
        var eq = peq[b.charCodeAt(i)];
        var xv = eq | mv;
        eq |= ((eq & pv) + pv) ^ pv;
        mv |= ~(eq | pv);
        pv &= eq;
        if (mv & lst) {
            sc++;
        }
        if (pv & lst) {
            sc--;
        }
        mv = (mv << 1) | 1;
        pv = (pv << 1) | ~(xv | mv);
        mv &= xv;
    }
    i = n;
    while (i--) {
        peq[a.charCodeAt(i)] = 0;
    }
    return sc;
};
var myers_x = function (b, a) {
    var n = a.length;
    var m = b.length;
    var mhc = [];
    var phc = [];
    var hsize = Math.ceil(n / 32);
    var vsize = Math.ceil(m / 32);
    for (var i = 0; i < hsize; i++) {
        phc[i] = -1;
        mhc[i] = 0;
    }
    var j = 0;
    for (; j < vsize - 1; j++) {
        var mv_1 = 0;
        var pv_1 = -1;
        var start_1 = j * 32;
        var vlen_1 = Math.min(32, m) + start_1;
        for (var k = start_1; k < vlen_1; k++) {
            peq[b.charCodeAt(k)] |= 1 << k;
        }
        for (var i = 0; i < n; i++) {
            var eq = peq[a.charCodeAt(i)];
            var pb = (phc[(i / 32) | 0] >>> i) & 1;
            var mb = (mhc[(i / 32) | 0] >>> i) & 1;
            var xv = eq | mv_1;
            var xh = ((((eq | mb) & pv_1) + pv_1) ^ pv_1) | eq | mb;
            var ph = mv_1 | ~(xh | pv_1);
            var mh = pv_1 & xh;
            if ((ph >>> 31) ^ pb) {
                phc[(i / 32) | 0] ^= 1 << i;
            }
            if ((mh >>> 31) ^ mb) {
                mhc[(i / 32) | 0] ^= 1 << i;
            }
            ph = (ph << 1) | pb;
            mh = (mh << 1) | mb;
            pv_1 = mh | ~(xv | ph);
            mv_1 = ph & xv;
        }
        for (var k = start_1; k < vlen_1; k++) {
            peq[b.charCodeAt(k)] = 0;
        }
    }
    var mv = 0;
    var pv = -1;
    var start = j * 32;
    var vlen = Math.min(32, m - start) + start;
    for (var k = start; k < vlen; k++) {
        peq[b.charCodeAt(k)] |= 1 << k;
    }
    var score = m;
    for (var i = 0; i < n; i++) {
        var eq = peq[a.charCodeAt(i)];
        var pb = (phc[(i / 32) | 0] >>> i) & 1;
        var mb = (mhc[(i / 32) | 0] >>> i) & 1;
        var xv = eq | mv;
        var xh = ((((eq | mb) & pv) + pv) ^ pv) | eq | mb;
        var ph = mv | ~(xh | pv);
        var mh = pv & xh;
        score += (ph >>> (m - 1)) & 1;
        score -= (mh >>> (m - 1)) & 1;
        if ((ph >>> 31) ^ pb) {
            phc[(i / 32) | 0] ^= 1 << i;
        }
        if ((mh >>> 31) ^ mb) {
            mhc[(i / 32) | 0] ^= 1 << i;
        }
        ph = (ph << 1) | pb;
        mh = (mh << 1) | mb;
        pv = mh | ~(xv | ph);
        mv = ph & xv;
    }
    for (var k = start; k < vlen; k++) {
        peq[b.charCodeAt(k)] = 0;
    }
    return score;
};
var distance = function (a, b) {
    if (a.length < b.length) {
        var tmp = b;
        b = a;
        a = tmp;
    }
    if (b.length === 0) {
        return a.length;
    }
    if (a.length <= 32) {
        return myers_32(a, b);
    }
    return myers_x(a, b);
};
exports.Io = distance;
var closest = function (str, arr) {
    var min_distance = Infinity;
    var min_index = 0;
    for (var i = 0; i < arr.length; i++) {
        var dist = distance(str, arr[i]);
        if (dist < min_distance) {
            min_distance = dist;
            min_index = i;
        }
    }
    return arr[min_index];
};
exports.kp = closest;


/***/ }),

/***/ 2613:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("assert");

/***/ }),

/***/ 181:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("buffer");

/***/ }),

/***/ 5317:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("child_process");

/***/ }),

/***/ 6982:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("crypto");

/***/ }),

/***/ 4434:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("events");

/***/ }),

/***/ 9896:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("fs");

/***/ }),

/***/ 8611:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("http");

/***/ }),

/***/ 5692:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("https");

/***/ }),

/***/ 9278:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("net");

/***/ }),

/***/ 4589:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:assert");

/***/ }),

/***/ 6698:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:async_hooks");

/***/ }),

/***/ 4573:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:buffer");

/***/ }),

/***/ 7540:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:console");

/***/ }),

/***/ 7598:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:crypto");

/***/ }),

/***/ 3053:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:diagnostics_channel");

/***/ }),

/***/ 610:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:dns");

/***/ }),

/***/ 8474:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:events");

/***/ }),

/***/ 3024:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:fs");

/***/ }),

/***/ 1455:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:fs/promises");

/***/ }),

/***/ 7067:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:http");

/***/ }),

/***/ 2467:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:http2");

/***/ }),

/***/ 4708:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:https");

/***/ }),

/***/ 8995:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:module");

/***/ }),

/***/ 7030:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:net");

/***/ }),

/***/ 8161:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:os");

/***/ }),

/***/ 6760:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:path");

/***/ }),

/***/ 643:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:perf_hooks");

/***/ }),

/***/ 1708:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:process");

/***/ }),

/***/ 1792:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:querystring");

/***/ }),

/***/ 99:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:sqlite");

/***/ }),

/***/ 7075:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:stream");

/***/ }),

/***/ 7997:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:timers");

/***/ }),

/***/ 1692:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:tls");

/***/ }),

/***/ 3136:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:url");

/***/ }),

/***/ 7975:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:util");

/***/ }),

/***/ 3429:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:util/types");

/***/ }),

/***/ 5919:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:worker_threads");

/***/ }),

/***/ 8522:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:zlib");

/***/ }),

/***/ 857:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("os");

/***/ }),

/***/ 6928:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("path");

/***/ }),

/***/ 2203:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("stream");

/***/ }),

/***/ 3193:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("string_decoder");

/***/ }),

/***/ 3557:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("timers");

/***/ }),

/***/ 4756:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("tls");

/***/ }),

/***/ 2018:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("tty");

/***/ }),

/***/ 7016:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("url");

/***/ }),

/***/ 9023:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("util");

/***/ }),

/***/ 8898:
/***/ ((module, __unused_webpack_exports, __nccwpck_require__) => {

const { valid, clean, explain, parse } = __nccwpck_require__(4818);

const { lt, le, eq, ne, ge, gt, compare, rcompare } = __nccwpck_require__(2124);

const {
  filter,
  maxSatisfying,
  minSatisfying,
  RANGE_PATTERN,
  satisfies,
  validRange,
} = __nccwpck_require__(790);

const { major, minor, patch, inc } = __nccwpck_require__(8940);

module.exports = {
  // version
  valid,
  clean,
  explain,
  parse,

  // operator
  lt,
  le,
  lte: le,
  eq,
  ne,
  neq: ne,
  ge,
  gte: ge,
  gt,
  compare,
  rcompare,

  // range
  filter,
  maxSatisfying,
  minSatisfying,
  RANGE_PATTERN,
  satisfies,
  validRange,

  // semantic
  major,
  minor,
  patch,
  inc,
};


/***/ }),

/***/ 2124:
/***/ ((module, __unused_webpack_exports, __nccwpck_require__) => {

const { parse } = __nccwpck_require__(4818);

module.exports = {
  compare,
  rcompare,
  lt,
  le,
  eq,
  ne,
  ge,
  gt,
  '<': lt,
  '<=': le,
  '==': eq,
  '!=': ne,
  '>=': ge,
  '>': gt,
  '===': arbitrary,
};

function lt(version, other) {
  return compare(version, other) < 0;
}

function le(version, other) {
  return compare(version, other) <= 0;
}

function eq(version, other) {
  return compare(version, other) === 0;
}

function ne(version, other) {
  return compare(version, other) !== 0;
}

function ge(version, other) {
  return compare(version, other) >= 0;
}

function gt(version, other) {
  return compare(version, other) > 0;
}

function arbitrary(version, other) {
  return version.toLowerCase() === other.toLowerCase();
}

function compare(version, other) {
  const parsedVersion = parse(version);
  const parsedOther = parse(other);

  const keyVersion = calculateKey(parsedVersion);
  const keyOther = calculateKey(parsedOther);

  return pyCompare(keyVersion, keyOther);
}

function rcompare(version, other) {
  return -compare(version, other);
}

// this logic is buitin in python, but we need to port it to js
// see https://stackoverflow.com/a/5292332/1438522
function pyCompare(elemIn, otherIn) {
  let elem = elemIn;
  let other = otherIn;
  if (elem === other) {
    return 0;
  }
  if (Array.isArray(elem) !== Array.isArray(other)) {
    elem = Array.isArray(elem) ? elem : [elem];
    other = Array.isArray(other) ? other : [other];
  }
  if (Array.isArray(elem)) {
    const len = Math.min(elem.length, other.length);
    for (let i = 0; i < len; i += 1) {
      const res = pyCompare(elem[i], other[i]);
      if (res !== 0) {
        return res;
      }
    }
    return elem.length - other.length;
  }
  if (elem === -Infinity || other === Infinity) {
    return -1;
  }
  if (elem === Infinity || other === -Infinity) {
    return 1;
  }
  return elem < other ? -1 : 1;
}

function calculateKey(input) {
  const { epoch } = input;
  let { release, pre, post, local, dev } = input;
  // When we compare a release version, we want to compare it with all of the
  // trailing zeros removed. So we'll use a reverse the list, drop all the now
  // leading zeros until we come to something non zero, then take the rest
  // re-reverse it back into the correct order and make it a tuple and use
  // that for our sorting key.
  release = release.concat();
  release.reverse();
  while (release.length && release[0] === 0) {
    release.shift();
  }
  release.reverse();

  // We need to "trick" the sorting algorithm to put 1.0.dev0 before 1.0a0.
  // We'll do this by abusing the pre segment, but we _only_ want to do this
  // if there is !a pre or a post segment. If we have one of those then
  // the normal sorting rules will handle this case correctly.
  if (!pre && !post && dev) pre = -Infinity;
  // Versions without a pre-release (except as noted above) should sort after
  // those with one.
  else if (!pre) pre = Infinity;

  // Versions without a post segment should sort before those with one.
  if (!post) post = -Infinity;

  // Versions without a development segment should sort after those with one.
  if (!dev) dev = Infinity;

  if (!local) {
    // Versions without a local segment should sort before those with one.
    local = -Infinity;
  } else {
    // Versions with a local segment need that segment parsed to implement
    // the sorting rules in PEP440.
    // - Alpha numeric segments sort before numeric segments
    // - Alpha numeric segments sort lexicographically
    // - Numeric segments sort numerically
    // - Shorter versions sort before longer versions when the prefixes
    //   match exactly
    local = local.map((i) =>
      Number.isNaN(Number(i)) ? [-Infinity, i] : [Number(i), ''],
    );
  }

  return [epoch, release, pre, post, dev, local];
}


/***/ }),

/***/ 8940:
/***/ ((module, __unused_webpack_exports, __nccwpck_require__) => {

const { explain, parse, stringify } = __nccwpck_require__(4818);

// those notation are borrowed from semver
module.exports = {
  major,
  minor,
  patch,
  inc,
};

function major(input) {
  const version = explain(input);
  if (!version) {
    throw new TypeError('Invalid Version: ' + input);
  }
  return version.release[0];
}

function minor(input) {
  const version = explain(input);
  if (!version) {
    throw new TypeError('Invalid Version: ' + input);
  }
  if (version.release.length < 2) {
    return 0;
  }
  return version.release[1];
}

function patch(input) {
  const version = explain(input);
  if (!version) {
    throw new TypeError('Invalid Version: ' + input);
  }
  if (version.release.length < 3) {
    return 0;
  }
  return version.release[2];
}

function inc(input, release, preReleaseIdentifier) {
  let identifier = preReleaseIdentifier || `a`;
  const version = parse(input);

  if (!version) {
    return null;
  }

  if (
    !['a', 'b', 'c', 'rc', 'alpha', 'beta', 'pre', 'preview'].includes(
      identifier,
    )
  ) {
    return null;
  }

  switch (release) {
    case 'premajor':
      {
        const [majorVersion] = version.release;
        version.release.fill(0);
        version.release[0] = majorVersion + 1;
      }
      version.pre = [identifier, 0];
      delete version.post;
      delete version.dev;
      delete version.local;
      break;
    case 'preminor':
      {
        const [majorVersion, minorVersion = 0] = version.release;
        version.release.fill(0);
        version.release[0] = majorVersion;
        version.release[1] = minorVersion + 1;
      }
      version.pre = [identifier, 0];
      delete version.post;
      delete version.dev;
      delete version.local;
      break;
    case 'prepatch':
      {
        const [majorVersion, minorVersion = 0, patchVersion = 0] =
          version.release;
        version.release.fill(0);
        version.release[0] = majorVersion;
        version.release[1] = minorVersion;
        version.release[2] = patchVersion + 1;
      }
      version.pre = [identifier, 0];
      delete version.post;
      delete version.dev;
      delete version.local;
      break;
    case 'prerelease':
      if (version.pre === null) {
        const [majorVersion, minorVersion = 0, patchVersion = 0] =
          version.release;
        version.release.fill(0);
        version.release[0] = majorVersion;
        version.release[1] = minorVersion;
        version.release[2] = patchVersion + 1;
        version.pre = [identifier, 0];
      } else {
        if (preReleaseIdentifier === undefined && version.pre !== null) {
          [identifier] = version.pre;
        }

        const [letter, number] = version.pre;
        if (letter === identifier) {
          version.pre = [letter, number + 1];
        } else {
          version.pre = [identifier, 0];
        }
      }

      delete version.post;
      delete version.dev;
      delete version.local;
      break;
    case 'major':
      if (
        version.release.slice(1).some((value) => value !== 0) ||
        version.pre === null
      ) {
        const [majorVersion] = version.release;
        version.release.fill(0);
        version.release[0] = majorVersion + 1;
      }
      delete version.pre;
      delete version.post;
      delete version.dev;
      delete version.local;
      break;
    case 'minor':
      if (
        version.release.slice(2).some((value) => value !== 0) ||
        version.pre === null
      ) {
        const [majorVersion, minorVersion = 0] = version.release;
        version.release.fill(0);
        version.release[0] = majorVersion;
        version.release[1] = minorVersion + 1;
      }
      delete version.pre;
      delete version.post;
      delete version.dev;
      delete version.local;
      break;
    case 'patch':
      if (
        version.release.slice(3).some((value) => value !== 0) ||
        version.pre === null
      ) {
        const [majorVersion, minorVersion = 0, patchVersion = 0] =
          version.release;
        version.release.fill(0);
        version.release[0] = majorVersion;
        version.release[1] = minorVersion;
        version.release[2] = patchVersion + 1;
      }
      delete version.pre;
      delete version.post;
      delete version.dev;
      delete version.local;
      break;
    default:
      return null;
  }

  return stringify(version);
}


/***/ }),

/***/ 790:
/***/ ((module, __unused_webpack_exports, __nccwpck_require__) => {

// This file is dual licensed under the terms of the Apache License, Version
// 2.0, and the BSD License. See the LICENSE file in the root of this repository
// for complete details.

const { VERSION_PATTERN, explain: explainVersion } = __nccwpck_require__(4818);

const Operator = __nccwpck_require__(2124);

const RANGE_PATTERN = [
  '(?<operator>(===|~=|==|!=|<=|>=|<|>))',
  '\\s*',
  '(',
  /*  */ '(?<version>(?:' + VERSION_PATTERN.replace(/\?<\w+>/g, '?:') + '))',
  /*  */ '(?<prefix>\\.\\*)?',
  /*  */ '|',
  /*  */ '(?<legacy>[^,;\\s)]+)',
  ')',
].join('');

module.exports = {
  RANGE_PATTERN,
  parse,
  satisfies,
  filter,
  validRange,
  maxSatisfying,
  minSatisfying,
};

const isEqualityOperator = (op) => ['==', '!=', '==='].includes(op);

const rangeRegex = new RegExp('^' + RANGE_PATTERN + '$', 'i');

function parse(ranges) {
  if (!ranges.trim()) {
    return [];
  }

  const specifiers = ranges
    .split(',')
    .map((range) => rangeRegex.exec(range.trim()) || {})
    .map(({ groups }) => {
      if (!groups) {
        return null;
      }

      let { ...spec } = groups;
      const { operator, version, prefix, legacy } = groups;

      if (version) {
        spec = { ...spec, ...explainVersion(version) };
        if (operator === '~=') {
          if (spec.release.length < 2) {
            return null;
          }
        }
        if (!isEqualityOperator(operator) && spec.local) {
          return null;
        }

        if (prefix) {
          if (!isEqualityOperator(operator) || spec.dev || spec.local) {
            return null;
          }
        }
      }
      if (legacy && operator !== '===') {
        return null;
      }

      return spec;
    });

  if (specifiers.filter(Boolean).length !== specifiers.length) {
    return null;
  }

  return specifiers;
}

function filter(versions, specifier, options = {}) {
  const filtered = pick(versions, specifier, options);
  if (filtered.length === 0 && options.prereleases === undefined) {
    return pick(versions, specifier, { prereleases: true });
  }
  return filtered;
}

function maxSatisfying(versions, range, options) {
  const found = filter(versions, range, options).sort(Operator.compare);
  return found.length === 0 ? null : found[found.length - 1];
}

function minSatisfying(versions, range, options) {
  const found = filter(versions, range, options).sort(Operator.compare);
  return found.length === 0 ? null : found[0];
}

function pick(versions, specifier, options) {
  const parsed = parse(specifier);

  if (!parsed) {
    return [];
  }

  return versions.filter((version) => {
    const explained = explainVersion(version);

    if (!parsed.length) {
      return explained && !(explained.is_prerelease && !options.prereleases);
    }

    return parsed.reduce((pass, spec) => {
      if (!pass) {
        return false;
      }
      return contains({ ...spec, ...options }, { version, explained });
    }, true);
  });
}

function satisfies(version, specifier, options = {}) {
  const filtered = pick([version], specifier, options);

  return filtered.length === 1;
}

function arrayStartsWith(array, prefix) {
  if (prefix.length > array.length) {
    return false;
  }

  for (let i = 0; i < prefix.length; i += 1) {
    if (prefix[i] !== array[i]) {
      return false;
    }
  }

  return true;
}

function contains(specifier, input) {
  const { explained } = input;
  let { version } = input;
  const { ...spec } = specifier;

  if (spec.prereleases === undefined) {
    spec.prereleases = spec.is_prerelease;
  }

  if (explained && explained.is_prerelease && !spec.prereleases) {
    return false;
  }

  if (spec.operator === '~=') {
    let compatiblePrefix = spec.release.slice(0, -1).concat('*').join('.');
    if (spec.epoch) {
      compatiblePrefix = spec.epoch + '!' + compatiblePrefix;
    }
    return satisfies(version, `>=${spec.version}, ==${compatiblePrefix}`, {
      prereleases: spec.prereleases,
    });
  }

  if (spec.prefix) {
    const isMatching =
      explained.epoch === spec.epoch &&
      arrayStartsWith(explained.release, spec.release);
    const isEquality = spec.operator !== '!=';
    return isEquality ? isMatching : !isMatching;
  }

  if (explained)
    if (explained.local && spec.version) {
      version = explained.public;
      spec.version = explainVersion(spec.version).public;
    }

  if (spec.operator === '<' || spec.operator === '>') {
    // simplified version of https://www.python.org/dev/peps/pep-0440/#exclusive-ordered-comparison
    if (Operator.eq(spec.release.join('.'), explained.release.join('.'))) {
      return false;
    }
  }

  const op = Operator[spec.operator];
  return op(version, spec.version || spec.legacy);
}

function validRange(specifier) {
  return Boolean(parse(specifier));
}


/***/ }),

/***/ 4818:
/***/ ((module) => {

const VERSION_PATTERN = [
  'v?',
  '(?:',
  /* */ '(?:(?<epoch>[0-9]+)!)?', // epoch
  /* */ '(?<release>[0-9]+(?:\\.[0-9]+)*)', // release segment
  /* */ '(?<pre>', // pre-release
  /*    */ '[-_\\.]?',
  /*    */ '(?<pre_l>(a|b|c|rc|alpha|beta|pre|preview))',
  /*    */ '[-_\\.]?',
  /*    */ '(?<pre_n>[0-9]+)?',
  /* */ ')?',
  /* */ '(?<post>', // post release
  /*    */ '(?:-(?<post_n1>[0-9]+))',
  /*    */ '|',
  /*    */ '(?:',
  /*        */ '[-_\\.]?',
  /*        */ '(?<post_l>post|rev|r)',
  /*        */ '[-_\\.]?',
  /*        */ '(?<post_n2>[0-9]+)?',
  /*    */ ')',
  /* */ ')?',
  /* */ '(?<dev>', // dev release
  /*    */ '[-_\\.]?',
  /*    */ '(?<dev_l>dev)',
  /*    */ '[-_\\.]?',
  /*    */ '(?<dev_n>[0-9]+)?',
  /* */ ')?',
  ')',
  '(?:\\+(?<local>[a-z0-9]+(?:[-_\\.][a-z0-9]+)*))?', // local version
].join('');

module.exports = {
  VERSION_PATTERN,
  valid,
  clean,
  explain,
  parse,
  stringify,
};

const validRegex = new RegExp('^' + VERSION_PATTERN + '$', 'i');

function valid(version) {
  return validRegex.test(version) ? version : null;
}

const cleanRegex = new RegExp('^\\s*' + VERSION_PATTERN + '\\s*$', 'i');
function clean(version) {
  return stringify(parse(version, cleanRegex));
}

function parse(version, regex) {
  // Validate the version and parse it into pieces
  const { groups } = (regex || validRegex).exec(version) || {};
  if (!groups) {
    return null;
  }

  // Store the parsed out pieces of the version
  const parsed = {
    epoch: Number(groups.epoch ? groups.epoch : 0),
    release: groups.release.split('.').map(Number),
    pre: normalize_letter_version(groups.pre_l, groups.pre_n),
    post: normalize_letter_version(
      groups.post_l,
      groups.post_n1 || groups.post_n2,
    ),
    dev: normalize_letter_version(groups.dev_l, groups.dev_n),
    local: parse_local_version(groups.local),
  };

  return parsed;
}

function stringify(parsed) {
  if (!parsed) {
    return null;
  }
  const { epoch, release, pre, post, dev, local } = parsed;
  const parts = [];

  // Epoch
  if (epoch !== 0) {
    parts.push(`${epoch}!`);
  }
  // Release segment
  parts.push(release.join('.'));

  // Pre-release
  if (pre) {
    parts.push(pre.join(''));
  }
  // Post-release
  if (post) {
    parts.push('.' + post.join(''));
  }
  // Development release
  if (dev) {
    parts.push('.' + dev.join(''));
  }
  // Local version segment
  if (local) {
    parts.push(`+${local}`);
  }
  return parts.join('');
}

function normalize_letter_version(letterIn, numberIn) {
  let letter = letterIn;
  let number = numberIn;
  if (letter) {
    // We consider there to be an implicit 0 in a pre-release if there is
    // not a numeral associated with it.
    if (!number) {
      number = 0;
    }
    // We normalize any letters to their lower case form
    letter = letter.toLowerCase();

    // We consider some words to be alternate spellings of other words and
    // in those cases we want to normalize the spellings to our preferred
    // spelling.
    if (letter === 'alpha') {
      letter = 'a';
    } else if (letter === 'beta') {
      letter = 'b';
    } else if (['c', 'pre', 'preview'].includes(letter)) {
      letter = 'rc';
    } else if (['rev', 'r'].includes(letter)) {
      letter = 'post';
    }
    return [letter, Number(number)];
  }
  if (!letter && number) {
    // We assume if we are given a number, but we are not given a letter
    // then this is using the implicit post release syntax (e.g. 1.0-1)
    letter = 'post';

    return [letter, Number(number)];
  }
  return null;
}

function parse_local_version(local) {
  /*
    Takes a string like abc.1.twelve and turns it into("abc", 1, "twelve").
    */
  if (local) {
    return local
      .split(/[._-]/)
      .map((part) =>
        Number.isNaN(Number(part)) ? part.toLowerCase() : Number(part),
      );
  }
  return null;
}

function explain(version) {
  const parsed = parse(version);
  if (!parsed) {
    return parsed;
  }
  const { epoch, release, pre, post, dev, local } = parsed;

  let base_version = '';
  if (epoch !== 0) {
    base_version += epoch + '!';
  }
  base_version += release.join('.');

  const is_prerelease = Boolean(dev || pre);
  const is_devrelease = Boolean(dev);
  const is_postrelease = Boolean(post);

  // return

  return {
    epoch,
    release,
    pre,
    post: post ? post[1] : post,
    dev: dev ? dev[1] : dev,
    local: local ? local.join('.') : local,
    public: stringify(parsed).split('+', 1)[0],
    base_version,
    is_prerelease,
    is_devrelease,
    is_postrelease,
  };
}


/***/ }),

/***/ 5433:
/***/ ((__webpack_module__, __unused_webpack___webpack_exports__, __nccwpck_require__) => {

__nccwpck_require__.a(__webpack_module__, async (__webpack_handle_async_dependencies__, __webpack_async_result__) => { try {
/* harmony import */ var _cli_run_js__WEBPACK_IMPORTED_MODULE_0__ = __nccwpck_require__(8504);

process.exitCode = await (0,_cli_run_js__WEBPACK_IMPORTED_MODULE_0__/* .runCli */ .a)(process.argv.slice(2));

__webpack_async_result__();
} catch(e) { __webpack_async_result__(e); } }, 1);

/***/ }),

/***/ 8504:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __nccwpck_require__) => {


// EXPORTS
__nccwpck_require__.d(__webpack_exports__, {
  a: () => (/* binding */ runCli)
});

// EXTERNAL MODULE: external "node:os"
var external_node_os_ = __nccwpck_require__(8161);
// EXTERNAL MODULE: external "node:fs/promises"
var promises_ = __nccwpck_require__(1455);
;// CONCATENATED MODULE: ./.build/src/values/failure.js
/**
 * The one error that the program throws on purpose. It carries everything that is wrong at once and is shown without a stack;
 * any other error is a defect of ours and is shown with one.
 */
class Failure extends Error {
    exitCode;
    problems;
    constructor(exitCode, problems, options) {
        super(problems.map((p) => `${p.where}: ${p.what} ${p.remedy}`).join('\n'), options);
        this.name = 'Failure';
        this.exitCode = exitCode;
        this.problems = problems;
    }
}

;// CONCATENATED MODULE: ./.build/src/pipeline/context.js
/** An empty report of a command. */
function beginStory(command, context) {
    return {
        program: { name: 'paddle-mirror-setup', version: context.version, node: process.version },
        command,
        started: context.started.toISOString(),
        totalMs: 0,
        outcome: 'failed',
        problems: [],
        notices: [],
        steps: [],
        runner: null,
        plan: null,
        sources: [],
        probes: [],
        cache: null,
        lock: null,
        install: null,
        configured: {},
        verification: null,
        gateway: null,
    };
}

;// CONCATENATED MODULE: ./.build/src/pipeline/deadline.js

/** Starts the deadline of `timeout-minutes`, beside the user's own wish to stop. */
function startDeadline(timeoutMs, stop) {
    const end = performance.now() + timeoutMs;
    const time = AbortSignal.timeout(timeoutMs);
    return {
        signal: AbortSignal.any([stop, time]),
        remainingMs: () => Math.max(0, end - performance.now()),
        failure(doing) {
            if (stop.aborted) {
                return new Failure(1, [
                    {
                        where: 'stopped',
                        what: `The run was stopped while it did: ${doing}.`,
                        remedy: 'What has arrived is kept; run it again to go on.',
                    },
                ]);
            }
            if (!time.aborted)
                return null;
            const minutes = timeoutMs / 60_000;
            return new Failure(1, [
                {
                    where: 'timeout-minutes',
                    what: `The ${minutes} minutes were over while it did: ${doing}.`,
                    remedy: 'What has arrived is kept, so a second run goes on from there; or give it more time.',
                },
            ]);
        },
    };
}

;// CONCATENATED MODULE: ./.build/src/pipeline/conclude.js




/** Nothing for later steps: a command that only looks, or failed. */
const looked = { exitCode: 0, later: { variables: {}, path: [] } };
/** Warns once for each notice and writes it into the story. */
function tell({ story, context }, notices) {
    for (const notice of notices) {
        if (story.notices.some(({ id, text }) => id === notice.id || text === notice.text))
            continue;
        story.notices = [...story.notices, notice];
        context.log.warn(notice);
    }
}
/**
 * Runs a command's stages and gives the outcome with the report, also when they failed: a Failure ends in its own exit code, what was
 * changed before it stays in the state, so that post can undo it. Throws on what is a defect of ours.
 */
async function conclude(command, request, context, stages) {
    const deadline = startDeadline(request.timeoutMs, context.signal);
    const run = {
        request,
        context,
        deadline,
        story: beginStory(command, context),
        state: { journals: [], save: null },
    };
    const { story } = run;
    const finish = async (exitCode, later) => {
        story.outcome = exitCode === 0 ? 'done' : 'failed';
        story.steps = context.timeline.steps();
        story.totalMs = context.timeline.elapsed();
        if (request.reportFile !== null)
            await (0,promises_.writeFile)(request.reportFile, `${JSON.stringify(story, null, 2)}\n`);
        return { exitCode, report: story, later, state: run.state };
    };
    try {
        const { exitCode, later } = await stages(run);
        return await finish(exitCode, later);
    }
    catch (error) {
        const failure = deadline.failure(context.timeline.current() ?? 'starting') ?? (error instanceof Failure ? error : null);
        if (failure === null)
            throw error;
        story.problems = failure.problems;
        return finish(failure.exitCode, looked.later);
    }
}

;// CONCATENATED MODULE: ./.build/src/catalog/mirrors.json
const mirrors_namespaceObject = /*#__PURE__*/JSON.parse('[{"id":"official","name":"the official index","url":null,"hosts":[],"group":"official","connections":16,"country":null,"note":"The reference; its address is found on the machine at run time.","source":"documented","date":"2026-11-22"},{"id":"tuna","name":"TUNA (Tsinghua)","url":"https://mirrors.tuna.tsinghua.edu.cn/pypi/web/simple/","hosts":["tuna.tsinghua.edu.cn"],"group":"tuna","connections":4,"country":"CN","note":"Bans subnets and User-Agents that download in bulk; no PEP 658 metadata.","source":"documented; tuna#2354, tuna#2558","date":"2026-09-15"},{"id":"bfsu","name":"BFSU","url":"https://mirrors.bfsu.edu.cn/pypi/web/simple/","hosts":["mirrors.bfsu.edu.cn"],"group":"tuna","connections":4,"country":"CN","note":"Same team and rules as TUNA.","source":"documented; tuna#1782, tuna#1831","date":"2026-06-01"},{"id":"ustc","name":"USTC","url":"https://mirrors.ustc.edu.cn/pypi/simple/","hosts":["mirrors.ustc.edu.cn"],"group":"tuna","connections":4,"country":"CN","note":"A cache; what it lacks is redirected to TUNA.","source":"documented; ustclug#506, ustclug#530","date":"2026-07-13"},{"id":"sjtu","name":"SJTU","url":"https://mirror.sjtu.edu.cn/pypi/web/simple/","hosts":["mirror.sjtu.edu.cn"],"group":"tuna","connections":4,"country":"CN","note":"HTML pages only; some files are redirected to BFSU or TUNA.","source":"documented; chsrc#370","date":"2026-07-31"},{"id":"zju","name":"ZJU","url":"https://mirrors.zju.edu.cn/pypi/web/simple/","hosts":["mirrors.zju.edu.cn"],"group":"tuna","connections":4,"country":"CN","note":"Off campus redirected to TUNA.","source":"documented","date":"2026-01-01"},{"id":"cernet","name":"CERNET union","url":"https://mirrors.cernet.edu.cn/pypi/web/simple/","hosts":["mirrors.cernet.edu.cn"],"group":"tuna","connections":4,"country":"CN","note":"Redirects to the nearest university mirror.","source":"documented; mirrorz#153, mirrorz-help#145","date":"2026-01-26"},{"id":"nju","name":"NJU","url":"https://mirror.nju.edu.cn/pypi/web/simple/","hosts":["mirror.nju.edu.cn","mirrors.nju.edu.cn"],"group":"nju","connections":4,"country":"CN","note":"","source":"documented; chsrc#290","date":"2025-09-01"},{"id":"pku","name":"PKU","url":"https://mirrors.pku.edu.cn/pypi/web/simple/","hosts":["mirrors.pku.edu.cn"],"group":"pku","connections":4,"country":"CN","note":"Called beta by its own help page.","source":"documented","date":"2025-09-01"},{"id":"lzu","name":"LZU","url":"https://mirror.lzu.edu.cn/pypi/web/simple/","hosts":["mirror.lzu.edu.cn"],"group":"lzu","connections":4,"country":"CN","note":"","source":"documented; mirrorz-help#145","date":"2025-09-01"},{"id":"hust","name":"HUST","url":"https://mirrors.hust.edu.cn/pypi/web/simple/","hosts":["mirrors.hust.edu.cn"],"group":"hust","connections":4,"country":"CN","note":"","source":"documented","date":"2026-04-01"},{"id":"sustech","name":"SUSTech","url":"https://mirrors.sustech.edu.cn/pypi/web/simple/","hosts":["mirrors.sustech.edu.cn"],"group":"sustech","connections":4,"country":"CN","note":"","source":"mirrorz-help#131","date":"2026-03-01"},{"id":"westlake","name":"Westlake University","url":"https://mirrors.westlake.edu.cn/pypi/simple/","hosts":["mirrors.westlake.edu.cn"],"group":"westlake","connections":4,"country":"CN","note":"","source":"one report","date":"2026-03-01"},{"id":"aliyun","name":"Aliyun","url":"https://mirrors.aliyun.com/pypi/simple/","hosts":["mirrors.aliyun.com","mirrors.cloud.aliyuncs.com","mirrors.aliyuncs.com"],"group":"aliyun","connections":16,"country":"CN","note":"Minutes behind the official index.","source":"chsrc#290, tuna#2603","date":"2026-09-10"},{"id":"tencent","name":"Tencent Cloud","url":"https://mirrors.cloud.tencent.com/pypi/simple/","hosts":["mirrors.cloud.tencent.com","mirrors.tencentyun.com"],"group":"tencent","connections":16,"country":"CN","note":"","source":"documented; AUTO-MAS#676","date":"2026-09-11"},{"id":"huawei","name":"Huawei Cloud","url":"https://mirrors.huaweicloud.com/repository/pypi/simple/","hosts":["mirrors.huaweicloud.com","repo.huaweicloud.com","mirrors.myhuaweicloud.com"],"group":"huawei","connections":16,"country":"CN","note":"A timeout was seen in 2026-03.","source":"documented; uv#11821","date":"2026-03-01"},{"id":"volces","name":"Volcengine","url":"https://mirrors.volces.com/pypi/simple/","hosts":["mirrors.volces.com","mirrors.ivolces.com"],"group":"volces","connections":16,"country":"CN","note":"","source":"one report","date":"2026-01-01"},{"id":"gitverse","name":"GitVerse","url":"https://pypi-mirror.gitverse.ru/simple/","hosts":["pypi-mirror.gitverse.ru"],"group":"gitverse","connections":4,"country":"RU","note":"","source":"documented","date":"2026-01-01"}]');
;// CONCATENATED MODULE: ./.build/src/catalog/mirrors.js

/** The official index first; within a group the one to prefer first. */
const mirrors = mirrors_namespaceObject;
/** The mirror of that id, or undefined. */
function findMirror(id) {
    return mirrors.find((mirror) => mirror.id === id);
}
/** The mirror that an address belongs to by its host, or undefined (also for an address that is none). */
function mirrorAt(url) {
    if (!URL.canParse(url)) {
        return undefined;
    }
    const { hostname } = new URL(url);
    return mirrors.find(({ hosts }) => hosts.some((host) => hostname === host || hostname.endsWith(`.${host}`)));
}

;// CONCATENATED MODULE: ./.build/src/catalog/paddle-index.json
const paddle_index_namespaceObject = /*#__PURE__*/JSON.parse('{"base":"https://www.paddlepaddle.org.cn/packages/","connections":16,"wheelHosts":[{"id":"bj","url":"https://paddle-whl.bj.bcebos.com/","source":"MinerU#446, Paddle#76203","date":"2026-11-22"},{"id":"cdn","url":"https://paddle-whl.cdn.bcebos.com/","source":"PaddleFleet#1887","date":"2026-11-22"}],"source":"documented","date":"2026-11-22"}');
;// CONCATENATED MODULE: ./.build/src/catalog/paddle-index.js

const paddleIndex = paddle_index_namespaceObject;

// EXTERNAL MODULE: external "node:tls"
var external_node_tls_ = __nccwpck_require__(1692);
var external_node_tls_namespaceObject = /*#__PURE__*/__nccwpck_require__.t(external_node_tls_, 2);
// EXTERNAL MODULE: external "node:querystring"
var external_node_querystring_ = __nccwpck_require__(1792);
// EXTERNAL MODULE: external "node:url"
var external_node_url_ = __nccwpck_require__(3136);
;// CONCATENATED MODULE: ./.build/src/packaging/address.js


/** Whether a text begins as an address of any scheme does; `C:\\x` is a path. */
function isAddress(text) {
    return /^[a-z][a-z0-9+.-]+:\/\//i.test(text);
}
/**
 * Reads an http(s) address. Throws SyntaxError with a phrase that says what is wrong and shows no secret,
 * e.g. ``its scheme is `ftp:`, not http or https``.
 */
function parseAddress(text) {
    const unsafe = /[\p{Cc}\s"'`<>\\^{|}]/u.exec(text);
    if (unsafe !== null) {
        throw new SyntaxError(`it holds the character ${JSON.stringify(unsafe[0])}`);
    }
    if (!URL.canParse(text)) {
        throw new SyntaxError('it is no address');
    }
    const parsed = new URL(text);
    if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') {
        throw new SyntaxError(`its scheme is \`${parsed.protocol}\`, not http or https`);
    }
    if (!/^https?:\/\/[^/]/i.test(text)) {
        throw new SyntaxError('two slashes and a host must stand behind the scheme');
    }
    const { username, password } = parsed;
    parsed.username = '';
    parsed.password = '';
    // A password may hold a lone `%`, on which decodeURIComponent throws.
    return {
        url: parsed.href,
        credentials: username === '' && password === ''
            ? null
            : { username: external_node_querystring_.unescape(username), password: external_node_querystring_.unescape(password) },
    };
}
/** Path of a `file:` address. Throws SyntaxError for one of another machine or without an absolute path. */
function pathOfFileAddress(text) {
    try {
        return (0,external_node_url_.fileURLToPath)(text);
    }
    catch (error) {
        throw new SyntaxError(`\`${text}\` is no address of a file on this machine`, { cause: error });
    }
}

;// CONCATENATED MODULE: ./.build/src/values/http.js
/** Why no answer, or no whole answer, came; `message` is one plain line with the masked address. */
class HttpFault extends Error {
    kind;
    remedy;
    constructor(kind, message, remedy, options) {
        super(message, options);
        this.name = 'HttpFault';
        this.kind = kind;
        this.remedy = remedy;
    }
}

;// CONCATENATED MODULE: ./.build/src/values/mask.js
/** Where a text has user name and password; lengths are bounded, so that no text takes long. */
const places = [
    /(?<=\/\/)[^/?#\s]{0,2000}@/g,
    // A slash in a password ends the host for a parser, not for whoever wrote it: all up to the last `@` goes.
    /(?<=\/\/)(?!\*{3}@)[^/?#\s:]{0,500}:\S{0,500}@/g,
    // An address whose scheme was forgotten.
    /(?<![^\s"'`(,=])[^\s/\\@:"'`(,=]{1,500}:[^\s/\\@]{1,500}@(?=[\w[])/g,
];
/** Hides user name and password of every address in a text: `https://***@host/`. */
function redact(text) {
    return places.reduce((hidden, place) => hidden.replace(place, '***@'), text);
}
/**
 * An address as it may be printed: user name and password, the query (signed addresses carry secrets there) and the fragment
 * are hidden. Text that is no http(s) address is given back with anything that looks like credentials hidden. Never throws.
 */
function maskUrl(text) {
    const hidden = redact(text);
    if (!URL.canParse(hidden))
        return hidden;
    const { protocol, username, host, pathname, search } = new URL(hidden);
    if (protocol !== 'http:' && protocol !== 'https:')
        return hidden;
    return `${protocol}//${username === '' ? '' : '***@'}${host}${pathname}${search === '' ? '' : '?***'}`;
}

// EXTERNAL MODULE: external "node:stream"
var external_node_stream_ = __nccwpck_require__(7075);
// EXTERNAL MODULE: external "node:zlib"
var external_node_zlib_ = __nccwpck_require__(8522);
;// CONCATENATED MODULE: ./.build/src/net/body.js




/** The bytes as meant: content codings taken off (RFC 9110 section 8.4.1). */
function decoded(answer, malformed) {
    const coding = answer.headers['content-encoding']?.trim().toLowerCase() ?? '';
    if (coding === '' || coding === 'identity')
        return answer.body;
    const makers = { gzip: external_node_zlib_.createGunzip, 'x-gzip': external_node_zlib_.createGunzip, deflate: external_node_zlib_.createInflate, br: external_node_zlib_.createBrotliDecompress };
    const make = new Map(Object.entries(makers)).get(coding);
    if (make === undefined)
        throw malformed(`it is coded as ${coding}, which was not asked for`);
    // The callback has nothing to do: an error ends the decoder, and its reader sees it.
    return (0,external_node_stream_.pipeline)(answer.body, make(), () => undefined);
}
/**
 * Reads a whole body as UTF-8. `limit` (bytes) holds after decoding, so that a small answer cannot become a huge text.
 * Throws HttpFault.
 */
async function readText(answer, asked, limit) {
    const malformed = (text, cause) => new HttpFault('malformed', `${maskUrl(asked.url)}: the answer cannot be read: ${text}.`, null, { cause });
    const pieces = [];
    let size = 0;
    try {
        for await (const piece of decoded(answer, malformed)) {
            size += piece.length;
            if (size > limit)
                throw malformed(`it is larger than ${limit} bytes`);
            pieces.push(piece);
        }
    }
    catch (error) {
        answer.body.destroy();
        const code = error.code;
        throw typeof code === 'string' && /^(Z_|ERR_BROTLI|ERR__)/.test(code)
            ? malformed(`its compression is broken (${code})`, error)
            : error;
    }
    return new TextDecoder().decode(Buffer.concat(pieces));
}

// EXTERNAL MODULE: external "node:crypto"
var external_node_crypto_ = __nccwpck_require__(7598);
;// CONCATENATED MODULE: ./.build/src/net/ca.js



/** Where systems keep their bundle; for a Node that cannot ask the system (before 22.15). */
const systemBundles = [
    '/etc/ssl/certs/ca-certificates.crt',
    '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
    '/etc/pki/tls/certs/ca-bundle.crt',
    '/etc/ssl/ca-bundle.pem',
    '/etc/ssl/cert.pem',
];
/** The certificates of a PEM text, one by one: a bundle is full of comments, and one broken entry must not cost the others. */
function splitPem(text) {
    return (text.match(/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[\s\S]*?-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g) ??
        []);
}
function isCertificate(pem, log) {
    try {
        return new external_node_crypto_.X509Certificate(pem).raw.length > 0;
    }
    catch (error) {
        log.debug(`A certificate of a CA file is left out: ${String(error)}`);
        return false;
    }
}
async function systemCertificates() {
    const { getCACertificates } = external_node_tls_namespaceObject;
    if (getCACertificates !== undefined)
        return getCACertificates('system');
    for (const path of systemBundles) {
        const text = await (0,promises_.readFile)(path, 'utf8').catch(() => '');
        const found = splitPem(text);
        if (found.length > 0)
            return found;
    }
    return [];
}
/** What makes two PEM texts the same certificate: bundles break their lines at different widths. */
const keyOf = (pem) => pem.replace(/\s+/g, '');
/**
 * The certificates to trust, as PEM texts, each once: Node's own, the system's and those of every file that a setting names. A corporate
 * network names its CA in only one of several variables, so all of them count. A file that can't be read is a notice: the others may do.
 */
async function trustedCertificates(network, log) {
    const known = [...external_node_tls_.rootCertificates, ...(await systemCertificates())];
    const trusted = new Map(known.map((pem) => [keyOf(pem), pem]));
    for (const { path, setting } of network.caFiles) {
        const text = await (0,promises_.readFile)(path, 'utf8').catch((error) => error);
        const found = typeof text === 'string'
            ? splitPem(text).filter((pem) => trusted.has(keyOf(pem)) || isCertificate(pem, log))
            : [];
        if (found.length === 0) {
            const why = typeof text === 'string' ? 'it holds no certificate in PEM form' : text.message;
            log.warn({
                id: `ca-file-${setting}`,
                text: `${setting} names ${path}, which cannot be used: ${why}. Correct or remove the setting.`,
            });
        }
        for (const pem of found)
            trusted.set(keyOf(pem), pem);
    }
    return [...trusted.values()];
}

// EXTERNAL MODULE: external "node:util/types"
var types_ = __nccwpck_require__(3429);
;// CONCATENATED MODULE: ./.build/src/net/faults.js



const nameTheCa = 'If this network has its own certificate authority, name its PEM file in SSL_CERT_FILE, REQUESTS_CA_BUNDLE or PIP_CERT.';
/** Node's, OpenSSL's and undici's error codes in plain words. */
const rules = [
    { codes: ['ECONNREFUSED'], kind: 'refused', text: 'the connection was refused', remedy: null },
    {
        codes: ['EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL'],
        kind: 'refused',
        text: 'there is no route to the host',
        remedy: null,
    },
    { codes: ['EACCES', 'EPERM'], kind: 'refused', text: 'this machine does not allow the connection', remedy: null },
    {
        codes: ['ENOTFOUND', 'EAI_NONAME', 'EAI_NODATA'],
        kind: 'dns',
        text: 'the host name is not known',
        remedy: 'Check the spelling of the address and the name server of this machine.',
    },
    {
        codes: ['EAI_AGAIN', 'EAI_FAIL', 'ETIMEOUT'],
        kind: 'dns',
        text: 'no name server answered',
        remedy: 'Check the name server of this machine.',
    },
    {
        codes: ['CERT_HAS_EXPIRED'],
        kind: 'tls',
        text: "the server's certificate has expired",
        remedy: "Check this machine's clock; if it is right, the server has to renew its certificate.",
    },
    {
        codes: ['CERT_NOT_YET_VALID'],
        kind: 'tls',
        text: "the server's certificate is not valid yet",
        remedy: "Check this machine's clock.",
    },
    {
        codes: ['ERR_TLS_CERT_ALTNAME_INVALID', 'UND_ERR_PRX_TLS'],
        kind: 'tls',
        text: "the server's certificate is for another host name",
        remedy: 'Write the host name that the certificate is for.',
    },
    {
        codes: [
            'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
            'UNABLE_TO_GET_ISSUER_CERT',
            'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
            'SELF_SIGNED_CERT_IN_CHAIN',
            'DEPTH_ZERO_SELF_SIGNED_CERT',
            'CERT_UNTRUSTED',
            'CERT_SIGNATURE_FAILURE',
        ],
        kind: 'tls',
        text: "the server's certificate is signed by an authority that is not known here",
        remedy: nameTheCa,
    },
    {
        codes: ['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'],
        kind: 'timeout',
        text: 'no answer within the time limit',
        remedy: null,
    },
    {
        codes: ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'HPE_INVALID_EOF_STATE'],
        kind: 'reset',
        text: 'the answer ended before it was whole',
        remedy: null,
    },
    {
        codes: ['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'UND_ERR_SOCKET', 'UND_ERR_CLOSED', 'UND_ERR_DESTROYED'],
        kind: 'reset',
        text: 'the connection was broken off',
        remedy: null,
    },
];
function codeOf(error) {
    const { code, errors, cause } = error;
    if (Array.isArray(errors) && errors.length > 0)
        return codeOf(errors[0]);
    if (typeof code === 'string')
        return code;
    return cause === undefined || cause === null ? '' : codeOf(cause);
}
/** Makes the fault of a time limit: `connect`, `headers` or `body` tells what was waited for; `ms` is the limit. */
function timeLimit(asked, waitedFor, ms) {
    const through = waitedFor === 'connect' && asked.proxy !== null ? ` through the proxy ${maskUrl(asked.proxy)}` : '';
    const what = { connect: `no connection${through}`, headers: 'no answer', body: 'nothing more of the answer came' }[waitedFor];
    return new HttpFault('timeout', `${maskUrl(asked.url)}: ${what} within ${ms / 1000} s.`, null);
}
/** Makes the fault of a proxy that answered by itself with this status. */
function proxyRefusal(asked, status) {
    const proxy = maskUrl(asked.proxy ?? '');
    return status === 407
        ? new HttpFault('proxy', `${maskUrl(asked.url)}: the proxy ${proxy} wants a user name and password.`, 'Write them into the proxy address: http://USER:PASSWORD@HOST:PORT.')
        : new HttpFault('proxy', `${maskUrl(asked.url)}: the proxy ${proxy} did not let the request through (status ${status}).`, 'Ask for this host to be allowed, or add it to NO_PROXY if it can be reached directly.');
}
/** Tells what an error of Node or undici means. A HttpFault is given back as it is. */
function toFault(error, asked) {
    if (error instanceof HttpFault)
        return error;
    const where = maskUrl(asked.url);
    const message = (0,types_.isNativeError)(error) ? error.message : String(error);
    const refusal = /^Proxy response \((\d+)\)/.exec(message);
    if (asked.proxy !== null && refusal !== null)
        return proxyRefusal(asked, Number(refusal[1]));
    const code = codeOf(error);
    const options = { cause: error };
    const rule = rules.find(({ codes }) => codes.includes(code));
    // Through a proxy, connecting and looking up a name are about the proxy itself.
    if (asked.proxy !== null && rule !== undefined && (rule.kind === 'refused' || rule.kind === 'dns')) {
        return new HttpFault('proxy', `${where}: the proxy ${maskUrl(asked.proxy)} cannot be reached: ${rule.text}.`, 'Correct HTTPS_PROXY or HTTP_PROXY, or unset it where there is no proxy.', options);
    }
    if (rule !== undefined)
        return new HttpFault(rule.kind, `${where}: ${rule.text} (${code}).`, rule.remedy, options);
    if (code.startsWith('ERR_SSL') || code === 'EPROTO' || code.startsWith('ERR_TLS')) {
        return new HttpFault('tls', `${where}: no TLS connection could be made (${code}).`, 'Check that the address is an https one, and that no proxy or firewall answers in its place.', options);
    }
    if (code.startsWith('HPE_') || ((0,types_.isNativeError)(error) && error.name === 'HTTPParserError'))
        return new HttpFault('malformed', `${where}: the answer is not HTTP.`, null, options);
    return new HttpFault('reset', `${where}: ${message}${code === '' ? '' : ` (${code})`}.`, null, options);
}

;// CONCATENATED MODULE: ./.build/src/net/exchange.js



/** Pieces (of 64 KiB at most) that wait for a reader before the connection is told to pause. */
const PIECES = 4;
function joined(headers) {
    const pairs = Object.entries(headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]);
    return Object.fromEntries(pairs);
}
/**
 * Sends one request and resolves when its header came. The limits are kept here and not by the dispatcher, whose own are per
 * connection pool and half a second coarse. Rejects with HttpFault, or with the signal's reason.
 */
function exchange(dispatcher, options, asked, limits, signal) {
    return new Promise((resolve, reject) => {
        let controller = null;
        let body = null;
        let over = null;
        let timer;
        let paused = false;
        const stop = (reason) => {
            if (over !== null)
                return;
            over = reason;
            clearTimeout(timer);
            signal.removeEventListener('abort', abort);
            if (reason !== 'complete') {
                controller?.abort((0,types_.isNativeError)(reason) ? reason : new Error('given up'));
                body?.destroy(reason);
                reject(reason);
            }
        };
        const wait = (waitedFor, ms) => {
            clearTimeout(timer);
            timer = setTimeout(() => {
                // While the reader is busy, the silence is ours.
                if (!paused)
                    stop(timeLimit(asked, waitedFor, ms));
            }, ms);
        };
        const abort = () => stop(signal.reason);
        if (signal.aborted)
            return reject(signal.reason);
        signal.addEventListener('abort', abort, { once: true });
        wait('connect', limits.connectMs);
        dispatcher.dispatch(options, {
            onRequestStart(started) {
                controller = started;
                if (over !== null)
                    return started.abort(new Error('given up'));
                return wait('headers', limits.headersMs);
            },
            onResponseStart(running, status, headers) {
                if (status < 200)
                    return;
                body = new external_node_stream_.Readable({
                    // Pieces as they came: as one stream of bytes they would be copied together.
                    objectMode: true,
                    highWaterMark: PIECES,
                    read() {
                        if (!paused)
                            return;
                        paused = false;
                        timer?.refresh();
                        running.resume();
                    },
                    destroy(error, done) {
                        // A reader that stops early ends up here without an error.
                        stop(error ?? new Error('given up'));
                        done(error);
                    },
                });
                // Whoever reads later gets the error then; until somebody does it must not end the process.
                body.on('error', () => undefined);
                wait('body', limits.stallMs);
                resolve({ status, headers: joined(headers), body });
            },
            onResponseData(running, chunk) {
                // The parser announces an empty piece whenever it goes on after a pause.
                if (chunk.length === 0)
                    return;
                timer?.refresh();
                if (body?.push(chunk) === false) {
                    paused = true;
                    running.pause();
                }
            },
            onResponseEnd() {
                stop('complete');
                body?.push(null);
            },
            onResponseError(_controller, error) {
                stop(toFault(error, asked));
            },
        });
        return undefined;
    });
}

// EXTERNAL MODULE: external "node:net"
var external_node_net_ = __nccwpck_require__(7030);
;// CONCATENATED MODULE: ./.build/src/net/proxy.js

const loopback = new external_node_net_.BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('0.0.0.0', 'ipv4');
loopback.addAddress('::1', 'ipv6');
const family = (address) => ((0,external_node_net_.isIP)(address) === 6 ? 'ipv6' : 'ipv4');
const bare = (host) => host
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');
/** Whether a host (name or address, with or without brackets) is this machine by its name alone (RFC 6761 section 6.3). */
function isLoopback(host) {
    const name = bare(host);
    return (name === 'localhost' || name.endsWith('.localhost') || ((0,external_node_net_.isIP)(name) !== 0 && loopback.check(name, family(name))));
}
function inSubnet(host, entry) {
    const [network = '', prefix = ''] = entry.split('/');
    const size = Number(prefix);
    if ((0,external_node_net_.isIP)(network) === 0 || !/^\d+$/.test(prefix) || size > ((0,external_node_net_.isIP)(network) === 6 ? 128 : 32))
        return false;
    const list = new external_node_net_.BlockList();
    list.addSubnet(network, size, family(network));
    return (0,external_node_net_.isIP)(host) !== 0 && list.check(host, family(host));
}
/**
 * Whether one entry of NO_PROXY covers a host and port. As curl, Go and Python's requests read it: `*` is everything, `example.org`,
 * `.example.org` and `*.example.org` are the host and what is under it, `host:8080` that port alone, `10.0.0.0/8` a subnet.
 */
function noProxyCovers(entry, host, port) {
    const text = entry.trim().toLowerCase();
    const name = bare(host);
    if (text === '' || text === '*')
        return text === '*';
    if (text.includes('/'))
        return inSubnet(name, text);
    const [, withPort = '', portText = ''] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(text) ?? [];
    if (portText !== '' && Number(portText) !== port)
        return false;
    const wanted = bare(withPort || text).replace(/^\*?\./, '');
    return wanted !== '' && (name === wanted || ((0,external_node_net_.isIP)(name) === 0 && name.endsWith(`.${wanted}`)));
}
/**
 * The proxy for an http(s) address, with its credentials, or null for a direct connection. Loopback hosts are always reached directly.
 * A proxy written without a scheme is an http one, as everywhere.
 */
function proxyFor(url, network) {
    const proxy = url.protocol === 'https:' ? network.httpsProxy : network.httpProxy;
    if (proxy === null || proxy.trim() === '' || isLoopback(url.hostname))
        return null;
    const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
    const entries = network.noProxy.flatMap((entry) => entry.split(/[\s,]+/));
    if (entries.some((entry) => noProxyCovers(entry, url.hostname, port)))
        return null;
    return /^[a-z][a-z0-9+.-]*:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
}

;// CONCATENATED MODULE: ./.build/src/net/client.js









const maxRedirects = 5;
const defaults = { connectMs: 10_000, headersMs: 30_000, stallMs: 30_000 };
/** Headers that are for the first origin only. */
const secretHeaders = ['authorization', 'cookie', 'proxy-authorization'];
const basic = ({ username, password }) => `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
/** A proxy's address without credentials, and the header that carries them; throws HttpFault for one that cannot be used. */
function readProxy(proxy, asked) {
    try {
        const { url, credentials } = parseAddress(proxy);
        return { origin: new URL(url).origin, token: credentials && basic(credentials) };
    }
    catch (cause) {
        const what = `${maskUrl(asked)}: the proxy ${maskUrl(proxy)} is not an http or https address.`;
        throw new HttpFault('proxy', what, 'Write HTTPS_PROXY and HTTP_PROXY as http://HOST:PORT.', { cause });
    }
}
function nextHop(answer, from) {
    const { location } = answer.headers;
    if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined)
        return null;
    const fault = (text) => new HttpFault('redirect', `${maskUrl(from.href)}: ${text}`, null);
    if (!URL.canParse(location, from.href))
        throw fault('redirects to something that is no address.');
    const to = new URL(location, from);
    if (to.protocol !== 'http:' && to.protocol !== 'https:')
        throw fault(`redirects to a ${to.protocol} address.`);
    if (from.protocol === 'https:' && to.protocol === 'http:')
        throw fault(`redirects from https to ${maskUrl(to.href)}.`);
    return to;
}
/** Lets the connection be kept where the rest of an answer that nobody reads is small. */
function discard(body, length) {
    if (length !== undefined && Number(length) <= 16_384)
        body.resume();
    else
        body.destroy();
}
/**
 * Makes the one HTTP client: HTTP/1.1 over kept connections, the user's proxies and CA files, redirects followed here (at most five,
 * never from https to http, secrets only to the origin first asked). `version` is the program's, for the User-Agent; `limits`
 * (ms) stand in where a request states none, and `connectMs` is also the upper bound for every request.
 */
function createClient(options) {
    const { network, version, log } = options;
    const limits = { ...defaults, ...options.limits };
    const userAgent = `paddle-mirror-setup/${version} (+node/${process.versions.node}; ${process.platform})`;
    const dispatchers = new Map();
    let trust = null;
    const secureContext = () => {
        // Parsing some hundred certificates takes longer than a handshake: once, and not for plain http.
        trust ??= trustedCertificates(network, log).then((ca) => (0,external_node_tls_.createSecureContext)({ ca }));
        return trust;
    };
    /** Direct connections, and those to a proxy that is spoken to in absolute form, need no proxy agent: `tunnel` is null. */
    async function makeDispatcher(secure, tunnel) {
        const { Agent, ProxyAgent } = await __nccwpck_require__.e(/* import() */ 752).then(__nccwpck_require__.t.bind(__nccwpck_require__, 6752, 19));
        const connect = { timeout: limits.connectMs, ...(secure ? { secureContext: await secureContext() } : {}) };
        // Time limits are kept by the exchange.
        const quiet = { headersTimeout: 0, bodyTimeout: 0 };
        if (tunnel === null)
            return new Agent({ ...quiet, connect });
        const { origin, token } = readProxy(tunnel, tunnel);
        return new ProxyAgent({
            ...quiet,
            uri: origin,
            ...(token === null ? {} : { token }),
            requestTls: connect,
            proxyTls: connect,
        });
    }
    const dispatcherFor = (secure, tunnel) => {
        const key = `${secure} ${tunnel}`;
        const made = dispatchers.get(key) ?? makeDispatcher(secure, tunnel);
        dispatchers.set(key, made);
        return made;
    };
    async function hop(url, request, headers) {
        const proxy = proxyFor(url, network);
        const asked = { url: url.href, proxy };
        const path = url.pathname + url.search;
        const via = proxy === null ? null : readProxy(proxy, url.href);
        const tunnelled = via !== null && url.protocol === 'https:';
        // RFC 9112 section 3.2.2: a plain-http request to a proxy names the whole address.
        const target = via !== null && !tunnelled ? { origin: via.origin, path: url.origin + path } : { origin: url.origin, path };
        const sent = { ...headers, ...(via?.token && !tunnelled ? { 'proxy-authorization': via.token } : {}) };
        const dispatcher = await dispatcherFor(new URL(target.origin).protocol === 'https:', tunnelled ? proxy : null);
        const own = {
            connectMs: Math.min(request.connectMs ?? limits.connectMs, limits.connectMs),
            headersMs: request.headersMs ?? limits.headersMs,
            stallMs: request.stallMs ?? limits.stallMs,
        };
        const method = request.method ?? 'GET';
        const answer = await exchange(dispatcher, { ...target, method, headers: { ...sent, host: url.host } }, asked, own, request.signal);
        if (proxy !== null && answer.status === 407) {
            answer.body.destroy();
            throw proxyRefusal(asked, 407);
        }
        return answer;
    }
    async function request(wanted) {
        const first = new URL(wanted.url);
        const { credentials = null } = wanted;
        let headers = {
            'accept-encoding': 'identity',
            ...wanted.headers,
            ...(credentials === null ? {} : { authorization: basic(credentials) }),
            'user-agent': userAgent,
        };
        let url = first;
        for (let redirects = 0;; redirects += 1) {
            const answer = await hop(url, wanted, headers);
            const next = wanted.method === undefined || wanted.method === 'GET' || wanted.method === 'HEAD'
                ? nextHop(answer, url)
                : null;
            if (next === null) {
                return {
                    status: answer.status,
                    headers: answer.headers,
                    url: url.href,
                    body: answer.body,
                    text: (limit) => readText(answer, { url: url.href, proxy: null }, limit),
                    cancel: () => discard(answer.body, undefined),
                };
            }
            discard(answer.body, answer.headers['content-length']);
            if (redirects === maxRedirects) {
                throw new HttpFault('redirect', `${maskUrl(first.href)}: more than ${maxRedirects} redirects, the last to ${maskUrl(next.href)}.`, null);
            }
            if (next.origin !== url.origin) {
                headers = Object.fromEntries(Object.entries(headers).filter(([name]) => !secretHeaders.includes(name)));
            }
            url = next;
        }
    }
    return {
        request,
        async close() {
            const made = await Promise.allSettled(dispatchers.values());
            await Promise.all(made.map((result) => (result.status === 'fulfilled' ? result.value.destroy() : undefined)));
        },
    };
}

;// CONCATENATED MODULE: external "node:timers/promises"
const external_node_timers_promises_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:timers/promises");
// EXTERNAL MODULE: external "node:path"
var external_node_path_ = __nccwpck_require__(6760);
;// CONCATENATED MODULE: ./.build/src/packaging/name.js
/** PEP 508: letters, digits, `.`, `_` and `-`, with a letter or digit at both ends. */
const namePattern = /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/i;
/** Whether `text` is a valid distribution name (PEP 508). */
function isName(text) {
    return namePattern.test(text);
}
/** The spelling under which indexes and caches know a project (PEP 503): lower case, runs of `-_.` become one `-`. */
function normalise(name) {
    return name.replace(/[-_.]+/g, '-').toLowerCase();
}

// EXTERNAL MODULE: ./node_modules/@renovatebot/pep440/index.js
var pep440 = __nccwpck_require__(8898);
;// CONCATENATED MODULE: ./.build/src/packaging/version.js

/** Whether `text` is a version (PEP 440). */
function isVersion(text) {
    return pep440.valid(text) !== null;
}
/** Order of two versions (PEP 440): negative, zero or positive. Throws TypeError for a text that is none. */
function compareVersions(a, b) {
    return pep440.compare(a, b);
}
/** Whether a version is an alpha, beta, candidate or development release (PEP 440). */
function isPreRelease(version) {
    return pep440.explain(version)?.is_prerelease ?? false;
}
/** The version without its local label: `3.2.2+cu126` gives `3.2.2`. */
function publicVersion(version) {
    return version.split('+', 1)[0] ?? version;
}
function parseClause(text) {
    const match = /^(===|~=|==|!=|<=|>=|<|>)\s*([^\s,;()]+)$/.exec(text.trim());
    const [, operator = '', operand = ''] = match ?? [];
    if (match === null) {
        return null;
    }
    if (operator === '===') {
        return { operator, version: operand, prefix: false, explained: pep440.explain(operand) };
    }
    const prefix = operand.endsWith('.*');
    const version = prefix ? operand.slice(0, -2) : operand;
    const explained = pep440.explain(version);
    const equality = operator === '==' || operator === '!=';
    if (explained === null ||
        (explained.local !== null && !equality) ||
        (prefix && (!equality || !/^[\d!.]+$/.test(version))) ||
        (operator === '~=' && explained.release.length < 2)) {
        return null;
    }
    return { operator, version, prefix, explained };
}
/** The clauses of a specifier in the order written; null where one of them is wrong. */
function parseClauses(specifier) {
    if (specifier.trim() === '') {
        return [];
    }
    const clauses = specifier.split(',').map(parseClause);
    return clauses.every((clause) => clause !== null) ? clauses : null;
}
/** Whether `text` is a list of version clauses such as `>=3.1,<3.3` (PEP 440); the empty list holds for every version. */
function isSpecifier(text) {
    return parseClauses(text) !== null;
}
/** Whether a specifier names one version: a clause `==` without `.*`, or `===`. */
function isExact(specifier) {
    return (parseClauses(specifier) ?? []).some(({ operator, prefix }) => operator === '===' || (operator === '==' && !prefix));
}
/** `==V.*`: the release begins with V's, missing segments counted as zero. */
function startsWith(version, epoch, release) {
    return version.epoch === epoch && release.every((segment, i) => segment === (version.release[i] ?? 0));
}
function sameBase(a, b) {
    return compareVersions(a.base_version, b.base_version) === 0;
}
function holds(version, explained, clause) {
    const wanted = clause.explained;
    if (clause.operator === '===' || wanted === null) {
        return version.toLowerCase() === clause.version.toLowerCase();
    }
    const order = compareVersions(publicVersion(version), publicVersion(clause.version));
    const equal = () => clause.prefix
        ? startsWith(explained, wanted.epoch, wanted.release)
        : compareVersions(wanted.local === null ? publicVersion(version) : version, clause.version) === 0;
    switch (clause.operator) {
        case '==':
            return equal();
        case '!=':
            return !equal();
        case '>=':
            return order >= 0;
        case '<=':
            return order <= 0;
        case '~=':
            return order >= 0 && startsWith(explained, wanted.epoch, wanted.release.slice(0, -1));
        case '<':
            return order < 0 && (wanted.is_prerelease || !explained.is_prerelease || !sameBase(explained, wanted));
        default:
            return order > 0 && (wanted.is_postrelease || !explained.is_postrelease || !sameBase(explained, wanted));
    }
}
/**
 * Whether a version satisfies every clause (PEP 440). Pre-releases count where `prereleases` says so, or, left out, where a clause names one.
 * Order and parsing are the library's; the clauses are judged here, because its own judgement takes `3.2.2+cu118` for `==3.2.2+cu126`,
 * misses `3.3` for `==3.3.0.*` and refuses `3.3.0rc1` for `<3.3.0rc2`.
 * False for a version or specifier that is none.
 */
function satisfies(version, specifier, options = {}) {
    const explained = pep440.explain(version);
    const clauses = parseClauses(specifier);
    if (explained === null || clauses === null) {
        return false;
    }
    const named = clauses.some(({ operator, explained: wanted }) => operator !== '!=' && wanted?.is_prerelease === true);
    if (explained.is_prerelease && !(options.prereleases ?? named)) {
        return false;
    }
    return clauses.every((clause) => holds(version, explained, clause));
}
/**
 * The `n` versions of `available` nearest to the one wanted, nearest first: the difference of the first release segment counts most,
 * then of the second; of equally near ones the newer comes first. `wanted` may be a specifier: its first version counts.
 */
function nearestVersions(wanted, available, n) {
    const release = (/\d+(?:\.\d+)*/.exec(wanted)?.[0] ?? '').split('.').map(Number);
    const distance = (version) => {
        const own = pep440.explain(version)?.release ?? [];
        return Array.from({ length: Math.max(own.length, release.length) }, (_, i) => Math.abs((own[i] ?? 0) - (release[i] ?? 0)));
    };
    const order = (a, b) => {
        const [near, far] = [distance(a), distance(b)];
        const length = Math.max(near.length, far.length);
        const difference = Array.from({ length }, (_, i) => (near[i] ?? 0) - (far[i] ?? 0)).find((delta) => delta !== 0);
        return difference ?? compareVersions(b, a);
    };
    return available.filter(isVersion).sort(order).slice(0, n);
}

;// CONCATENATED MODULE: ./.build/src/packaging/filename.js


const sdistSuffixes = ['.tar.gz', '.zip', '.tar.bz2', '.tar.xz', '.tgz'];
const tagPart = /^[a-z0-9_]+(?:\.[a-z0-9_]+)*$/i;
/** What was read before: a page is parsed, planned over and chosen from, and thousands of names share a few hundred tag sets. */
const knownNames = new Map();
const knownTags = new Map();
/** The tags of a compressed tag set (PEP 425); null where it is none. */
function expandTags(text) {
    const parts = text.split('-');
    if (parts.length !== 3 || !parts.every((part) => tagPart.test(part))) {
        return null;
    }
    const [python = [], abi = [], platform = []] = parts.map((part) => part.toLowerCase().split('.'));
    return python.flatMap((py) => abi.flatMap((a) => platform.map((p) => `${py}-${a}-${p}`)));
}
function parseWheel(stem) {
    const parts = stem.split('-');
    if (parts.length !== 5 && parts.length !== 6) {
        return null;
    }
    const [name = '', version = ''] = parts;
    const compressed = parts.slice(-3).join('-');
    const known = knownTags.get(compressed);
    const tags = known === undefined ? expandTags(compressed) : known;
    knownTags.set(compressed, tags);
    if (tags === null || !isName(name) || !isVersion(version)) {
        return null;
    }
    const buildText = parts.length === 6 ? (parts[2] ?? '') : null;
    const build = buildText === null ? null : /^(\d+)(\w*)$/.exec(buildText);
    if (buildText !== null && build === null) {
        return null;
    }
    return {
        kind: 'wheel',
        name: normalise(name),
        version,
        build: build === null ? null : { number: Number(build[1]), suffix: build[2] ?? '' },
        tags,
    };
}
/** An old sdist name may hold hyphens: the version begins at the last hyphen behind which a valid version stands. */
function parseSdist(stem) {
    const starts = [...stem.matchAll(/-/g)].map((match) => match.index).reverse();
    for (const start of starts) {
        const name = stem.slice(0, start);
        const version = stem.slice(start + 1);
        if (isName(name) && isVersion(version)) {
            return { kind: 'sdist', name: normalise(name), version };
        }
    }
    return null;
}
function parse(filename) {
    if (filename.endsWith('.whl')) {
        return parseWheel(filename.slice(0, -'.whl'.length));
    }
    const suffix = sdistSuffixes.find((candidate) => filename.endsWith(candidate));
    return suffix === undefined ? null : parseSdist(filename.slice(0, -suffix.length));
}
/** Reads the name of a distribution file; null for anything that no installer would take, malformed wheel names among them. */
function parseFilename(filename) {
    const known = knownNames.get(filename);
    if (known !== undefined) {
        return known;
    }
    const parsed = parse(filename);
    knownNames.set(filename, parsed);
    return parsed;
}

;// CONCATENATED MODULE: ./node_modules/entities/dist/esm/decode-codepoint.js
// Adapted from https://github.com/mathiasbynens/he/blob/36afe179392226cf1b6ccdb16ebbb7a5a844d93a/src/he.js#L106-L134
var _a;
const decodeMap = new Map([
    [0, 65533],
    // C1 Unicode control character reference replacements
    [128, 8364],
    [130, 8218],
    [131, 402],
    [132, 8222],
    [133, 8230],
    [134, 8224],
    [135, 8225],
    [136, 710],
    [137, 8240],
    [138, 352],
    [139, 8249],
    [140, 338],
    [142, 381],
    [145, 8216],
    [146, 8217],
    [147, 8220],
    [148, 8221],
    [149, 8226],
    [150, 8211],
    [151, 8212],
    [152, 732],
    [153, 8482],
    [154, 353],
    [155, 8250],
    [156, 339],
    [158, 382],
    [159, 376],
]);
/**
 * Polyfill for `String.fromCodePoint`. It is used to create a string from a Unicode code point.
 */
const decode_codepoint_fromCodePoint = 
// eslint-disable-next-line @typescript-eslint/no-unnecessary-condition, n/no-unsupported-features/es-builtins
(_a = String.fromCodePoint) !== null && _a !== void 0 ? _a : ((codePoint) => {
    let output = "";
    if (codePoint > 65535) {
        codePoint -= 65536;
        output += String.fromCharCode(((codePoint >>> 10) & 1023) | 55296);
        codePoint = 56320 | (codePoint & 1023);
    }
    output += String.fromCharCode(codePoint);
    return output;
});
/**
 * Replace the given code point with a replacement character if it is a
 * surrogate or is outside the valid range. Otherwise return the code
 * point unchanged.
 */
function replaceCodePoint(codePoint) {
    var _a;
    if ((codePoint >= 55296 && codePoint <= 57343) ||
        codePoint > 1114111) {
        return 65533;
    }
    return (_a = decodeMap.get(codePoint)) !== null && _a !== void 0 ? _a : codePoint;
}
/**
 * Replace the code point if relevant, then convert it to a string.
 *
 * @deprecated Use `fromCodePoint(replaceCodePoint(codePoint))` instead.
 * @param codePoint The code point to decode.
 * @returns The decoded code point.
 */
function decodeCodePoint(codePoint) {
    return decode_codepoint_fromCodePoint(replaceCodePoint(codePoint));
}
//# sourceMappingURL=decode-codepoint.js.map
;// CONCATENATED MODULE: ./node_modules/entities/dist/esm/internal/bin-trie-flags.js
/**
 * Bit flags & masks for the binary trie encoding used for entity decoding.
 *
 * Bit layout (16 bits total):
 * 15..14 VALUE_LENGTH   (+1 encoding; 0 => no value)
 * 13     FLAG13.        If valueLength>0: semicolon required flag (implicit ';').
 *                       If valueLength==0: compact run flag.
 * 12..7  BRANCH_LENGTH  Branch length (0 => single branch in 6..0 if jumpOffset==char) OR run length (when compact run)
 * 6..0   JUMP_TABLE     Jump offset (jump table) OR single-branch char code OR first run char
 */
var BinTrieFlags;
(function (BinTrieFlags) {
    BinTrieFlags[BinTrieFlags["VALUE_LENGTH"] = 49152] = "VALUE_LENGTH";
    BinTrieFlags[BinTrieFlags["FLAG13"] = 8192] = "FLAG13";
    BinTrieFlags[BinTrieFlags["BRANCH_LENGTH"] = 8064] = "BRANCH_LENGTH";
    BinTrieFlags[BinTrieFlags["JUMP_TABLE"] = 127] = "JUMP_TABLE";
})(BinTrieFlags || (BinTrieFlags = {}));
//# sourceMappingURL=bin-trie-flags.js.map
;// CONCATENATED MODULE: ./node_modules/entities/dist/esm/internal/decode-shared.js
/*
 * Shared base64 decode helper for generated decode data.
 * Assumes global atob is available.
 */
function decodeBase64(input) {
    const binary = 
    // eslint-disable-next-line n/no-unsupported-features/node-builtins
    typeof atob === "function"
        ? // Browser (and Node >=16)
            // eslint-disable-next-line n/no-unsupported-features/node-builtins
            atob(input)
        : // Older Node versions (<16)
            // eslint-disable-next-line n/no-unsupported-features/node-builtins
            typeof Buffer.from === "function"
                ? // eslint-disable-next-line n/no-unsupported-features/node-builtins
                    Buffer.from(input, "base64").toString("binary")
                : // eslint-disable-next-line unicorn/no-new-buffer, n/no-deprecated-api
                    new Buffer(input, "base64").toString("binary");
    const evenLength = binary.length & ~1; // Round down to even length
    const out = new Uint16Array(evenLength / 2);
    for (let index = 0, outIndex = 0; index < evenLength; index += 2) {
        const lo = binary.charCodeAt(index);
        const hi = binary.charCodeAt(index + 1);
        out[outIndex++] = lo | (hi << 8);
    }
    return out;
}
//# sourceMappingURL=decode-shared.js.map
;// CONCATENATED MODULE: ./node_modules/entities/dist/esm/generated/decode-data-html.js
// Generated using scripts/write-decode-map.ts

const decode_data_html_htmlDecodeTree = /* #__PURE__ */ decodeBase64("QR08ALkAAgH6AYsDNQR2BO0EPgXZBQEGLAbdBxMISQrvCmQLfQurDKQNLw4fD4YPpA+6D/IPAAAAAAAAAAAAAAAAKhBMEY8TmxUWF2EYLBkxGuAa3RsJHDscWR8YIC8jSCSIJcMl6ie3Ku8rEC0CLjoupS7kLgAIRU1hYmNmZ2xtbm9wcnN0dVQAWgBeAGUAaQBzAHcAfgCBAIQAhwCSAJoAoACsALMAbABpAGcAO4DGAMZAUAA7gCYAJkBjAHUAdABlADuAwQDBQHIiZXZlAAJhAAFpeW0AcgByAGMAO4DCAMJAEGRyAADgNdgE3XIAYQB2AGUAO4DAAMBA8CFoYZFj4SFjcgBhZAAAoFMqAAFncIsAjgBvAG4ABGFmAADgNdg43fAlbHlGdW5jdGlvbgCgYSBpAG4AZwA7gMUAxUAAAWNzpACoAHIAAOA12Jzc6SFnbgCgVCJpAGwAZABlADuAwwDDQG0AbAA7gMQAxEAABGFjZWZvcnN1xQDYANoA7QDxAPYA+QD8AAABY3LJAM8AayNzbGFzaAAAoBYidgHTANUAAKDnKmUAZAAAoAYjeQARZIABY3J0AOAA5QDrAGEidXNlAACgNSLuI291bGxpcwCgLCFhAJJjcgAA4DXYBd1wAGYAAOA12Dnd5SF2ZdhiYwDyAOoAbSJwZXEAAKBOIgAHSE9hY2RlZmhpbG9yc3UXARoBHwE6AVIBVQFiAWQBZgGCAakB6QHtAfIBYwB5ACdkUABZADuAqQCpQIABY3B5ACUBKAE1AfUhdGUGYWmg0iJ0KGFsRGlmZmVyZW50aWFsRAAAoEUhbCJleXMAAKAtIQACYWVpb0EBRAFKAU0B8iFvbgxhZABpAGwAO4DHAMdAcgBjAAhhbiJpbnQAAKAwIm8AdAAKYQABZG5ZAV0BaSJsbGEAuGB0I2VyRG90ALdg8gA5AWkAp2NyImNsZQAAAkRNUFRwAXQBeQF9AW8AdAAAoJkiaSJudXMAAKCWIuwhdXMAoJUiaSJtZXMAAKCXIm8AAAFjc4cBlAFrKndpc2VDb250b3VySW50ZWdyYWwAAKAyImUjQ3VybHkAAAFEUZwBpAFvJXVibGVRdW90ZQAAoB0gdSJvdGUAAKAZIAACbG5wdbABtgHNAdgBbwBuAGWgNyIAoHQqgAFnaXQAvAHBAcUB8iJ1ZW50AKBhIm4AdAAAoC8i7yV1ckludGVncmFsAKAuIgABZnLRAdMBAKACIe8iZHVjdACgECJuLnRlckNsb2Nrd2lzZUNvbnRvdXJJbnRlZ3JhbAAAoDMi7yFzcwCgLypjAHIAAOA12J7ccABDoNMiYQBwAACgTSKABURKU1phY2VmaW9zAAsCEgIVAhgCGwIsAjQCOQI9AnMCfwNvoEUh9CJyYWhkAKARKWMAeQACZGMAeQAFZGMAeQAPZIABZ3JzACECJQIoAuchZXIAoCEgcgAAoKEhaAB2AACg5CoAAWF5MAIzAvIhb24OYRRkbAB0oAciYQCUY3IAAOA12AfdAAFhZkECawIAAWNtRQJnAvIjaXRpY2FsAAJBREdUUAJUAl8CYwJjInV0ZQC0YG8AdAFZAloC2WJiJGxlQWN1dGUA3WJyImF2ZQBgYGkibGRlANxi7yFuZACgxCJmJWVyZW50aWFsRAAAoEYhcAR9AgAAAAAAAIECjgIAABoDZgAA4DXYO91EoagAhQKJAm8AdAAAoNwgcSJ1YWwAAKBQIuIhbGUAA0NETFJVVpkCqAK1Au8C/wIRA28AbgB0AG8AdQByAEkAbgB0AGUAZwByAGEA7ADEAW8AdAKvAgAAAACwAqhgbiNBcnJvdwAAoNMhAAFlb7kC0AJmAHQAgAFBUlQAwQLGAs0CciJyb3cAAKDQIekkZ2h0QXJyb3cAoNQhZQDlACsCbgBnAAABTFLWAugC5SFmdAABQVLcAuECciJyb3cAAKD4J+kkZ2h0QXJyb3cAoPon6SRnaHRBcnJvdwCg+SdpImdodAAAAUFU9gL7AnIicm93AACg0iFlAGUAAKCoInAAQQIGAwAAAAALA3Iicm93AACg0SFvJHduQXJyb3cAAKDVIWUlcnRpY2FsQmFyAACgJSJuAAADQUJMUlRhJAM2AzoDWgNxA3oDciJyb3cAAKGTIUJVLAMwA2EAcgAAoBMpcCNBcnJvdwAAoPUhciJldmUAEWPlIWZ00gJDAwAASwMAAFIDaSVnaHRWZWN0b3IAAKBQKWUkZVZlY3RvcgAAoF4p5SJjdG9yQqC9IWEAcgAAoFYpaSJnaHQA1AFiAwAAaQNlJGVWZWN0b3IAAKBfKeUiY3RvckKgwSFhAHIAAKBXKWUAZQBBoKQiciJyb3cAAKCnIXIAcgBvAPcAtAIAAWN0gwOHA3IAAOA12J/c8iFvaxBhAAhOVGFjZGZnbG1vcHFzdHV4owOlA6kDsAO/A8IDxgPNA9ID8gP9AwEEFAQeBCAEJQRHAEphSAA7gNAA0EBjAHUAdABlADuAyQDJQIABYWl5ALYDuQO+A/Ihb24aYXIAYwA7gMoAykAtZG8AdAAWYXIAAOA12AjdcgBhAHYAZQA7gMgAyEDlIm1lbnQAoAgiAAFhcNYD2QNjAHIAEmF0AHkAUwLhAwAAAADpA20lYWxsU3F1YXJlAACg+yVlJ3J5U21hbGxTcXVhcmUAAKCrJQABZ3D2A/kDbwBuABhhZgAA4DXYPN3zImlsb26VY3UAAAFhaQYEDgRsAFSgdSppImxkZQAAoEIi7CNpYnJpdW0AoMwhAAFjaRgEGwRyAACgMCFtAACgcyphAJdjbQBsADuAywDLQAABaXApBC0E8yF0cwCgAyLvJG5lbnRpYWxFAKBHIYACY2Zpb3MAPQQ/BEMEXQRyBHkAJGRyAADgNdgJ3WwibGVkAFMCTAQAAAAAVARtJWFsbFNxdWFyZQAAoPwlZSdyeVNtYWxsU3F1YXJlAACgqiVwA2UEAABpBAAAAABtBGYAAOA12D3dwSFsbACgACLyI2llcnRyZgCgMSFjAPIAcQQABkpUYWJjZGZnb3JzdIgEiwSOBJMElwSkBKcEqwStBLIE5QTqBGMAeQADZDuAPgA+QO0hbWFkoJMD3GNyImV2ZQAeYYABZWl5AJ0EoASjBOQhaWwiYXIAYwAcYRNkbwB0ACBhcgAA4DXYCt0AoNkicABmAADgNdg+3eUiYXRlcgADRUZHTFNUvwTIBM8E1QTZBOAEcSJ1YWwATKBlIuUhc3MAoNsidSRsbEVxdWFsAACgZyJyI2VhdGVyAACgoirlIXNzAKB3IuwkYW50RXF1YWwAoH4qaSJsZGUAAKBzImMAcgAA4DXYotwAoGsiAARBYWNmaW9zdfkE/QQFBQgFCwUTBSIFKwVSIkRjeQAqZAABY3QBBQQFZQBrAMdiXmDpIXJjJGFyAACgDCFsJWJlcnRTcGFjZQAAoAsh8AEYBQAAGwVmAACgDSHpJXpvbnRhbExpbmUAoAAlAAFjdCYFKAXyABIF8iFvayZhbQBwAEQBMQU5BW8AdwBuAEgAdQBtAPAAAAFxInVhbAAAoE8iAAdFSk9hY2RmZ21ub3N0dVMFVgVZBVwFYwVtBXAFcwV6BZAFtgXFBckFzQVjAHkAFWTsIWlnMmFjAHkAAWRjAHUAdABlADuAzQDNQAABaXlnBWwFcgBjADuAzgDOQBhkbwB0ADBhcgAAoBEhcgBhAHYAZQA7gMwAzEAAoREhYXB/BYsFAAFjZ4MFhQVyACphaSNuYXJ5SQAAoEghbABpAGUA8wD6AvQBlQUAAKUFZaAsIgABZ3KaBZ4F8iFhbACgKyLzI2VjdGlvbgCgwiJpI3NpYmxlAAABQ1SsBbEFbyJtbWEAAKBjIGkibWVzAACgYiCAAWdwdAC8Bb8FwwVvAG4ALmFmAADgNdhA3WEAmWNjAHIAAKAQIWkibGRlAChh6wHSBQAA1QVjAHkABmRsADuAzwDPQIACY2Zvc3UA4QXpBe0F8gX9BQABaXnlBegFcgBjADRhGWRyAADgNdgN3XAAZgAA4DXYQd3jAfcFAAD7BXIAAOA12KXc8iFjeQhk6yFjeQRkgANISmFjZm9zAAwGDwYSBhUGHQYhBiYGYwB5ACVkYwB5AAxk8CFwYZpjAAFleRkGHAbkIWlsNmEaZHIAAOA12A7dcABmAADgNdhC3WMAcgAA4DXYptyABUpUYWNlZmxtb3N0AD0GQAZDBl4GawZkB2gHcAd0B80H2gdjAHkACWQ7gDwAPECAAmNtbnByAEwGTwZSBlUGWwb1IXRlOWHiIWRhm2NnAACg6ifsI2FjZXRyZgCgEiFyAACgniGAAWFleQBkBmcGagbyIW9uPWHkIWlsO2EbZAABZnNvBjQHdAAABUFDREZSVFVWYXKABp4GpAbGBssG3AYDByEHwQIqBwABbnKEBowGZyVsZUJyYWNrZXQAAKDoJ/Ihb3cAoZAhQlKTBpcGYQByAACg5CHpJGdodEFycm93AKDGIWUjaWxpbmcAAKAII28A9QGqBgAAsgZiJWxlQnJhY2tldAAAoOYnbgDUAbcGAAC+BmUkZVZlY3RvcgAAoGEp5SJjdG9yQqDDIWEAcgAAoFkpbCJvb3IAAKAKI2kiZ2h0AAABQVbSBtcGciJyb3cAAKCUIeUiY3RvcgCgTikAAWVy4AbwBmUAAKGjIkFW5gbrBnIicm93AACgpCHlImN0b3IAoFopaSNhbmdsZQBCorIi+wYAAAAA/wZhAHIAAKDPKXEidWFsAACgtCJwAIABRFRWAAoHEQcYB+8kd25WZWN0b3IAoFEpZSRlVmVjdG9yAACgYCnlImN0b3JCoL8hYQByAACgWCnlImN0b3JCoLwhYQByAACgUilpAGcAaAB0AGEAcgByAG8A9wDMAnMAAANFRkdMU1Q/B0cHTgdUB1gHXwfxJXVhbEdyZWF0ZXIAoNoidSRsbEVxdWFsAACgZiJyI2VhdGVyAACgdiLlIXNzAKChKuwkYW50RXF1YWwAoH0qaSJsZGUAAKByInIAAOA12A/dZaDYIuYjdGFycm93AKDaIWkiZG90AD9hgAFucHcAege1B7kHZwAAAkxSbHKCB5QHmwerB+UhZnQAAUFSiAeNB3Iicm93AACg9SfpJGdodEFycm93AKD3J+kkZ2h0QXJyb3cAoPYn5SFmdAABYXLcAqEHaQBnAGgAdABhAHIAcgBvAPcA5wJpAGcAaAB0AGEAcgByAG8A9wDuAmYAAOA12EPdZQByAAABTFK/B8YHZSRmdEFycm93AACgmSHpJGdodEFycm93AKCYIYABY2h0ANMH1QfXB/IAWgYAoLAh8iFva0FhAKBqIgAEYWNlZmlvc3XpB+wH7gf/BwMICQgOCBEIcAAAoAUpeQAcZAABZGzyB/kHaSR1bVNwYWNlAACgXyBsI2ludHJmAACgMyFyAADgNdgQ3e4jdXNQbHVzAKATInAAZgAA4DXYRN1jAPIA/gecY4AESmFjZWZvc3R1ACEIJAgoCDUIgQiFCDsKQApHCmMAeQAKZGMidXRlAENhgAFhZXkALggxCDQI8iFvbkdh5CFpbEVhHWSAAWdzdwA7CGEIfQjhInRpdmWAAU1UVgBECEwIWQhlJWRpdW1TcGFjZQAAoAsgaABpAAABY25SCFMIawBTAHAAYQBjAOUASwhlAHIAeQBUAGgAaQDuAFQI9CFlZAABR0xnCHUIcgBlAGEAdABlAHIARwByAGUAYQB0AGUA8gDrBGUAcwBzAEwAZQBzAPMA2wdMImluZQAKYHIAAOA12BHdAAJCbnB0jAiRCJkInAhyImVhawAAoGAgwiZyZWFraW5nU3BhY2WgYGYAAKAVIUOq7CqzCMIIzQgAAOcIGwkAAAAAAAAtCQAAbwkAAIcJAACdCcAJGQoAADQKAAFvdbYIvAjuI2dydWVudACgYiJwIkNhcAAAoG0ibyh1YmxlVmVydGljYWxCYXIAAKAmIoABbHF4ANII1wjhCOUibWVudACgCSL1IWFsVKBgImkibGRlAADgQiI4A2kic3RzAACgBCJyI2VhdGVyAACjbyJFRkdMU1T1CPoIAgkJCQ0JFQlxInVhbAAAoHEidSRsbEVxdWFsAADgZyI4A3IjZWF0ZXIAAOBrIjgD5SFzcwCgeSLsJGFudEVxdWFsAOB+KjgDaSJsZGUAAKB1IvUhbXBEASAJJwnvI3duSHVtcADgTiI4A3EidWFsAADgTyI4A2UAAAFmczEJRgn0JFRyaWFuZ2xlQqLqIj0JAAAAAEIJYQByAADgzyk4A3EidWFsAACg7CJzAICibiJFR0xTVABRCVYJXAlhCWkJcSJ1YWwAAKBwInIjZWF0ZXIAAKB4IuUhc3MA4GoiOAPsJGFudEVxdWFsAOB9KjgDaSJsZGUAAKB0IuUic3RlZAABR0x1CX8J8iZlYXRlckdyZWF0ZXIA4KIqOAPlI3NzTGVzcwDgoSo4A/IjZWNlZGVzAKGAIkVTjwmVCXEidWFsAADgryo4A+wkYW50RXF1YWwAoOAiAAFlaaAJqQl2JmVyc2VFbGVtZW50AACgDCLnJWh0VHJpYW5nbGVCousitgkAAAAAuwlhAHIAAODQKTgDcSJ1YWwAAKDtIgABcXXDCeAJdSNhcmVTdQAAAWJwywnVCfMhZXRF4I8iOANxInVhbAAAoOIi5SJyc2V0ReCQIjgDcSJ1YWwAAKDjIoABYmNwAOYJ8AkNCvMhZXRF4IIi0iBxInVhbAAAoIgi4yJlZWRzgKGBIkVTVAD6CQAKBwpxInVhbAAA4LAqOAPsJGFudEVxdWFsAKDhImkibGRlAADgfyI4A+UicnNldEXggyLSIHEidWFsAACgiSJpImxkZQCAoUEiRUZUACIKJwouCnEidWFsAACgRCJ1JGxsRXF1YWwAAKBHImkibGRlAACgSSJlJXJ0aWNhbEJhcgAAoCQiYwByAADgNdip3GkAbABkAGUAO4DRANFAnWMAB0VhY2RmZ21vcHJzdHV2XgphCmgKcgp2CnoKgQqRCpYKqwqtCrsKyArNCuwhaWdSYWMAdQB0AGUAO4DTANNAAAFpeWwKcQpyAGMAO4DUANRAHmRiImxhYwBQYXIAAOA12BLdcgBhAHYAZQA7gNIA0kCAAWFlaQCHCooKjQpjAHIATGFnAGEAqWNjInJvbgCfY3AAZgAA4DXYRt3lI25DdXJseQABRFGeCqYKbyV1YmxlUXVvdGUAAKAcIHUib3RlAACgGCAAoFQqAAFjbLEKtQpyAADgNdiq3GEAcwBoADuA2ADYQGkAbAHACsUKZABlADuA1QDVQGUAcwAAoDcqbQBsADuA1gDWQGUAcgAAAUJQ0wrmCgABYXLXCtoKcgAAoD4gYQBjAAABZWvgCuIKAKDeI2UAdAAAoLQjYSVyZW50aGVzaXMAAKDcI4AEYWNmaGlsb3JzAP0KAwsFCwkLCwsMCxELIwtaC3IjdGlhbEQAAKACInkAH2RyAADgNdgT3WkApmOgY/Ujc01pbnVzsWAAAWlwFQsgC24AYwBhAHIAZQBwAGwAYQBuAOUACgVmAACgGSGAobsqZWlvACoLRQtJC+MiZWRlc4CheiJFU1QANAs5C0ALcSJ1YWwAAKCvKuwkYW50RXF1YWwAoHwiaSJsZGUAAKB+Im0AZQAAoDMgAAFkcE0LUQv1IWN0AKAPIm8jcnRpb24AYaA3ImwAAKAdIgABY2leC2ILcgAA4DXYq9yoYwACVWZvc2oLbwtzC3cLTwBUADuAIgAiQHIAAOA12BTdcABmAACgGiFjAHIAAOA12KzcAAZCRWFjZWZoaW9yc3WPC5MLlwupC7YL2AvbC90LhQyTDJoMowzhIXJyAKAQKUcAO4CuAK5AgAFjbnIAnQugC6ML9SF0ZVRhZwAAoOsncgB0oKAhbAAAoBYpgAFhZXkArwuyC7UL8iFvblhh5CFpbFZhIGR2oBwhZSJyc2UAAAFFVb8LzwsAAWxxwwvIC+UibWVudACgCyL1JGlsaWJyaXVtAKDLIXAmRXF1aWxpYnJpdW0AAKBvKXIAAKAcIW8AoWPnIWh0AARBQ0RGVFVWYewLCgwQDDIMNwxeDHwM9gIAAW5y8Av4C2clbGVCcmFja2V0AACg6SfyIW93AKGSIUJM/wsDDGEAcgAAoOUhZSRmdEFycm93AACgxCFlI2lsaW5nAACgCSNvAPUBFgwAAB4MYiVsZUJyYWNrZXQAAKDnJ24A1AEjDAAAKgxlJGVWZWN0b3IAAKBdKeUiY3RvckKgwiFhAHIAAKBVKWwib29yAACgCyMAAWVyOwxLDGUAAKGiIkFWQQxGDHIicm93AACgpiHlImN0b3IAoFspaSNhbmdsZQBCorMiVgwAAAAAWgxhAHIAAKDQKXEidWFsAACgtSJwAIABRFRWAGUMbAxzDO8kd25WZWN0b3IAoE8pZSRlVmVjdG9yAACgXCnlImN0b3JCoL4hYQByAACgVCnlImN0b3JCoMAhYQByAACgUykAAXB1iQyMDGYAAKAdIe4kZEltcGxpZXMAoHAp6SRnaHRhcnJvdwCg2yEAAWNongyhDHIAAKAbIQCgsSHsJGVEZWxheWVkAKD0KYAGSE9hY2ZoaW1vcXN0dQC/DMgMzAzQDOIM5gwKDQ0NFA0ZDU8NVA1YDQABQ2PDDMYMyCFjeSlkeQAoZEYiVGN5ACxkYyJ1dGUAWmEAorwqYWVpedgM2wzeDOEM8iFvbmBh5CFpbF5hcgBjAFxhIWRyAADgNdgW3e8hcnQAAkRMUlXvDPYM/QwEDW8kd25BcnJvdwAAoJMhZSRmdEFycm93AACgkCHpJGdodEFycm93AKCSIXAjQXJyb3cAAKCRIechbWGjY+EkbGxDaXJjbGUAoBgicABmAADgNdhK3XICHw0AAAAAIg10AACgGiLhIXJlgKGhJUlTVQAqDTINSg3uJXRlcnNlY3Rpb24AoJMidQAAAWJwNw1ADfMhZXRFoI8icSJ1YWwAAKCRIuUicnNldEWgkCJxInVhbAAAoJIibiJpb24AAKCUImMAcgAA4DXYrtxhAHIAAKDGIgACYmNtcF8Nag2ODZANc6DQImUAdABFoNAicSJ1YWwAAKCGIgABY2huDYkNZSJlZHMAgKF7IkVTVAB4DX0NhA1xInVhbAAAoLAq7CRhbnRFcXVhbACgfSJpImxkZQAAoH8iVABoAGEA9ADHCwCgESIAodEiZXOVDZ8NciJzZXQARaCDInEidWFsAACghyJlAHQAAKDRIoAFSFJTYWNmaGlvcnMAtQ27Db8NyA3ODdsN3w3+DRgOHQ4jDk8AUgBOADuA3gDeQMEhREUAoCIhAAFIY8MNxg1jAHkAC2R5ACZkAAFidcwNzQ0JYKRjgAFhZXkA1A3XDdoN8iFvbmRh5CFpbGJhImRyAADgNdgX3QABZWnjDe4N8gHoDQAA7Q3lImZvcmUAoDQiYQCYYwABY27yDfkNayNTcGFjZQAA4F8gCiDTInBhY2UAoAkg7CFkZYChPCJFRlQABw4MDhMOcSJ1YWwAAKBDInUkbGxFcXVhbAAAoEUiaSJsZGUAAKBIInAAZgAA4DXYS93pI3BsZURvdACg2yAAAWN0Jw4rDnIAAOA12K/c8iFva2Zh4QpFDlYOYA5qDgAAbg5yDgAAAAAAAAAAAAB5DnwOqA6zDgAADg8RDxYPGg8AAWNySA5ODnUAdABlADuA2gDaQHIAb6CfIeMhaXIAoEkpcgDjAVsOAABdDnkADmR2AGUAbGEAAWl5Yw5oDnIAYwA7gNsA20AjZGIibGFjAHBhcgAA4DXYGN1yAGEAdgBlADuA2QDZQOEhY3JqYQABZGl/Dp8OZQByAAABQlCFDpcOAAFhcokOiw5yAF9gYQBjAAABZWuRDpMOAKDfI2UAdAAAoLUjYSVyZW50aGVzaXMAAKDdI28AbgBQoMMi7CF1cwCgjiIAAWdwqw6uDm8AbgByYWYAAOA12EzdAARBREVUYWRwc78O0g7ZDuEOBQPqDvMOBw9yInJvdwDCoZEhyA4AAMwOYQByAACgEilvJHduQXJyb3cAAKDFIW8kd25BcnJvdwAAoJUhcSV1aWxpYnJpdW0AAKBuKWUAZQBBoKUiciJyb3cAAKClIW8AdwBuAGEAcgByAG8A9wAQA2UAcgAAAUxS+Q4AD2UkZnRBcnJvdwAAoJYh6SRnaHRBcnJvdwCglyFpAGyg0gNvAG4ApWPpIW5nbmFjAHIAAOA12LDcaSJsZGUAaGFtAGwAO4DcANxAgAREYmNkZWZvc3YALQ8xDzUPNw89D3IPdg97D4AP4SFzaACgqyJhAHIAAKDrKnkAEmThIXNobKCpIgCg5ioAAWVyQQ9DDwCgwSKAAWJ0eQBJD00Paw9hAHIAAKAWIGmgFiDjIWFsAAJCTFNUWA9cD18PZg9hAHIAAKAjIukhbmV8YGUkcGFyYXRvcgAAoFgnaSJsZGUAAKBAItQkaGluU3BhY2UAoAogcgAA4DXYGd1wAGYAAOA12E3dYwByAADgNdix3GQiYXNoAACgqiKAAmNlZm9zAI4PkQ+VD5kPng/pIXJjdGHkIWdlAKDAInIAAOA12BrdcABmAADgNdhO3WMAcgAA4DXYstwAAmZpb3OqD64Prw+0D3IAAOA12BvdnmNwAGYAAOA12E/dYwByAADgNdiz3IAEQUlVYWNmb3N1AMgPyw/OD9EP2A/gD+QP6Q/uD2MAeQAvZGMAeQAHZGMAeQAuZGMAdQB0AGUAO4DdAN1AAAFpedwP3w9yAGMAdmErZHIAAOA12BzdcABmAADgNdhQ3WMAcgAA4DXYtNxtAGwAeGEABEhhY2RlZm9z/g8BEAUQDRAQEB0QIBAkEGMAeQAWZGMidXRlAHlhAAFheQkQDBDyIW9ufWEXZG8AdAB7YfIBFRAAABwQbwBXAGkAZAB0AOgAVAhhAJZjcgAAoCghcABmAACgJCFjAHIAAOA12LXc4QtCEEkQTRAAAGcQbRByEAAAAAAAAAAAeRCKEJcQ8hD9EAAAGxEhETIROREAAD4RYwB1AHQAZQA7gOEA4UByImV2ZQADYYCiPiJFZGl1eQBWEFkQWxBgEGUQAOA+IjMDAKA/InIAYwA7gOIA4kB0AGUAO4C0ALRAMGRsAGkAZwA7gOYA5kByoGEgAOA12B7dcgBhAHYAZQA7gOAA4EAAAWVwfBCGEAABZnCAEIQQ8yF5bQCgNSHoAIMQaABhALFjAAFhcI0QWwAAAWNskRCTEHIAAWFnAACgPypkApwQAAAAALEQAKInImFkc3ajEKcQqRCuEG4AZAAAoFUqAKBcKmwib3BlAACgWCoAoFoqAKMgImVsbXJzersQvRDAEN0Q5RDtEACgpCllAACgICJzAGQAYaAhImEEzhDQENIQ1BDWENgQ2hDcEACgqCkAoKkpAKCqKQCgqykAoKwpAKCtKQCgrikAoK8pdAB2oB8iYgBkoL4iAKCdKQABcHTpEOwQaAAAoCIixWDhIXJyAKB8IwABZ3D1EPgQbwBuAAVhZgAA4DXYUt0Ao0giRWFlaW9wBxEJEQ0RDxESERQRAKBwKuMhaXIAoG8qAKBKImQAAKBLInMAJ2DyIW94ZaBIIvEADhFpAG4AZwA7gOUA5UCAAWN0eQAmESoRKxFyAADgNdi23CpgbQBwAGWgSCLxAPgBaQBsAGQAZQA7gOMA40BtAGwAO4DkAORAAAFjaUERRxFvAG4AaQBuAPQA6AFuAHQAAKARKgAITmFiY2RlZmlrbG5vcHJzdWQRaBGXEZ8RpxGrEdIR1hErEjASexKKEn0RThNbE3oTbwB0AACg7SoAAWNybBGJEWsAAAJjZXBzdBF4EX0RghHvIW5nAKBMInAjc2lsb24A9mNyImltZQAAoDUgaQBtAGWgPSJxAACgzSJ2AY0RkRFlAGUAAKC9ImUAZABnoAUjZQAAoAUjcgBrAHSgtSPiIXJrAKC2IwABb3mjEaYRbgDnAHcRMWTxIXVvAKAeIIACY21wcnQAtBG5Eb4RwRHFEeEhdXPloDUi5ABwInR5dgAAoLApcwDpAH0RbgBvAPUA6gCAAWFodwDLEcwRzhGyYwCgNiHlIWVuAKBsInIAAOA12B/dZwCAA2Nvc3R1dncA4xHyEQUSEhIhEiYSKRKAAWFpdQDpEesR7xHwAKMFcgBjAACg7yVwAACgwyKAAWRwdAD4EfwRABJvAHQAAKAAKuwhdXMAoAEqaSJtZXMAAKACKnECCxIAAAAADxLjIXVwAKAGKmEAcgAAoAUm8iNpYW5nbGUAAWR1GhIeEu8hd24AoL0lcAAAoLMlcCJsdXMAAKAEKmUA5QBCD+UAkg9hInJvdwAAoA0pgAFha28ANhJoEncSAAFjbjoSZRJrAIABbHN0AEESRxJNEm8jemVuZ2UAAKDrKXEAdQBhAHIA5QBcBPIjaWFuZ2xlgKG0JWRscgBYElwSYBLvIXduAKC+JeUhZnQAoMIlaSJnaHQAAKC4JWsAAKAjJLEBbRIAAHUSsgFxEgAAcxIAoJIlAKCRJTQAAKCTJWMAawAAoIglAAFlb38ShxJx4D0A5SD1IWl2AOBhIuUgdAAAoBAjAAJwdHd4kRKVEpsSnxJmAADgNdhT3XSgpSJvAG0AAKClIvQhaWUAoMgiAAZESFVWYmRobXB0dXayEsES0RLgEvcS+xIKExoTHxMjEygTNxMAAkxSbHK5ErsSvRK/EgCgVyUAoFQlAKBWJQCgUyUAolAlRFVkdckSyxLNEs8SAKBmJQCgaSUAoGQlAKBnJQACTFJsctgS2hLcEt4SAKBdJQCgWiUAoFwlAKBZJQCjUSVITFJobHLrEu0S7xLxEvMS9RIAoGwlAKBjJQCgYCUAoGslAKBiJQCgXyVvAHgAAKDJKQACTFJscgITBBMGEwgTAKBVJQCgUiUAoBAlAKAMJQCiACVEVWR1EhMUExYTGBMAoGUlAKBoJQCgLCUAoDQlaSJudXMAAKCfIuwhdXMAoJ4iaSJtZXMAAKCgIgACTFJsci8TMRMzEzUTAKBbJQCgWCUAoBglAKAUJQCjAiVITFJobHJCE0QTRhNIE0oTTBMAoGolAKBhJQCgXiUAoDwlAKAkJQCgHCUAAWV2UhNVE3YA5QD5AGIAYQByADuApgCmQAACY2Vpb2ITZhNqE24TcgAA4DXYt9xtAGkAAKBPIG0A5aA9IogRbAAAoVwAYmh0E3YTAKDFKfMhdWIAoMgnbAF+E4QTbABloCIgdAAAoCIgcAAAoU4iRWWJE4sTAKCuKvGgTyI8BeEMqRMAAN8TABQDFB8UAAAjFDQUAAAAAIUUAAAAAI0UAAAAANcU4xT3FPsUAACIFQAAlhWAAWNwcgCuE7ET1RP1IXRlB2GAoikiYWJjZHMAuxO/E8QTzhPSE24AZAAAoEQqciJjdXAAAKBJKgABYXXIE8sTcAAAoEsqcAAAoEcqbwB0AACgQCoA4CkiAP4AAWVv2RPcE3QAAKBBIO4ABAUAAmFlaXXlE+8T9RP4E/AB6hMAAO0TcwAAoE0qbwBuAA1hZABpAGwAO4DnAOdAcgBjAAlhcABzAHOgTCptAACgUCpvAHQAC2GAAWRtbgAIFA0UEhRpAGwAO4C4ALhAcCJ0eXYAAKCyKXQAAIGiADtlGBQZFKJAcgBkAG8A9ABiAXIAAOA12CDdgAFjZWkAKBQqFDIUeQBHZGMAawBtoBMn4SFyawCgEyfHY3IAAKPLJUVjZWZtcz8UQRRHFHcUfBSAFACgwykAocYCZWxGFEkUcQAAoFciZQBhAlAUAAAAAGAUciJyb3cAAAFsclYUWhTlIWZ0AKC6IWkiZ2h0AACguyGAAlJTYWNkAGgUaRRrFG8UcxSuYACgyCRzAHQAAKCbIukhcmMAoJoi4SFzaACgnSJuImludAAAoBAqaQBkAACg7yrjIWlyAKDCKfUhYnN1oGMmaQB0AACgYybsApMUmhS2FAAAwxRvAG4AZaA6APGgVCKrAG0CnxQAAAAAoxRhAHSgLABAYAChASJmbKcUqRTuABMNZQAAAW14rhSyFOUhbnQAoAEiZQDzANIB5wG6FAAAwBRkoEUibwB0AACgbSpuAPQAzAGAAWZyeQDIFMsUzhQA4DXYVN1vAOQA1wEAgakAO3MeAdMUcgAAoBchAAFhb9oU3hRyAHIAAKC1IXMAcwAAoBcnAAFjdeYU6hRyAADgNdi43AABYnDuFPIUZaDPKgCg0SploNAqAKDSKuQhb3QAoO8igANkZWxwcnZ3AAYVEBUbFSEVRBVlFYQV4SFycgABbHIMFQ4VAKA4KQCgNSlwAhYVAAAAABkVcgAAoN4iYwAAoN8i4SFycnCgtiEAoD0pgKIqImJjZG9zACsVMBU6FT4VQRVyImNhcAAAoEgqAAFhdTQVNxVwAACgRipwAACgSipvAHQAAKCNInIAAKBFKgDgKiIA/gACYWxydksVURVuFXMVcgByAG2gtyEAoDwpeQCAAWV2dwBYFWUVaRVxAHACXxUAAAAAYxVyAGUA4wAXFXUA4wAZFWUAZQAAoM4iZSJkZ2UAAKDPImUAbgA7gKQApEBlI2Fycm93AAABbHJ7FX8V5SFmdACgtiFpImdodAAAoLchZQDkAG0VAAFjaYsVkRVvAG4AaQBuAPQAkwFuAHQAAKAxImwiY3R5AACgLSOACUFIYWJjZGVmaGlqbG9yc3R1d3oAuBW7Fb8V1RXgFegV+RUKFhUWHxZUFlcWZRbFFtsW7xb7FgUXChdyAPIAtAJhAHIAAKBlKQACZ2xyc8YVyhXOFdAV5yFlcgCgICDlIXRoAKA4IfIA9QxoAHagECAAoKMiawHZFd4VYSJyb3cAAKAPKWEA4wBfAgABYXnkFecV8iFvbg9hNGQAoUYhYW/tFfQVAAFnciEC8RVyAACgyiF0InNlcQAAoHcqgAFnbG0A/xUCFgUWO4CwALBAdABhALRjcCJ0eXYAAKCxKQABaXIOFhIW8yFodACgfykA4DXYId1hAHIAAAFschsWHRYAoMMhAKDCIYACYWVnc3YAKBauAjYWOhY+Fm0AAKHEIm9zLhY0Fm4AZABzoMQi9SFpdACgZiZhIm1tYQDdY2kAbgAAoPIiAKH3AGlvQxZRFmQAZQAAgfcAO29KFksW90BuI3RpbWVzAACgxyJuAPgAUBZjAHkAUmRjAG8CXhYAAAAAYhZyAG4AAKAeI28AcAAAoA0jgAJscHR1dwBuFnEWdRaSFp4W7CFhciRgZgAA4DXYVd0AotkCZW1wc30WhBaJFo0WcQBkoFAibwB0AACgUSJpIm51cwAAoDgi7CF1cwCgFCLxInVhcmUAoKEiYgBsAGUAYgBhAHIAdwBlAGQAZwDlANcAbgCAAWFkaAClFqoWtBZyAHIAbwD3APUMbwB3AG4AYQByAHIAbwB3APMA8xVhI3Jwb29uAAABbHK8FsAWZQBmAPQAHBZpAGcAaAD0AB4WYgHJFs8WawBhAHIAbwD3AJILbwLUFgAAAADYFnIAbgAAoB8jbwBwAACgDCOAAWNvdADhFukW7BYAAXJ55RboFgDgNdi53FVkbAAAoPYp8iFvaxFhAAFkcvMW9xZvAHQAAKDxImkA5qC/JVsSAAFhaP8WAhdyAPIANQNhAPIA1wvhIm5nbGUAoKYpAAFjaQ4XEBd5AF9k5yJyYXJyAKD/JwAJRGFjZGVmZ2xtbm9wcXJzdHV4MRc4F0YXWxcyBF4XaRd5F40XrBe0F78X2RcVGCEYLRg1GEAYAAFEbzUXgRZvAPQA+BUAAWNzPBdCF3UAdABlADuA6QDpQPQhZXIAoG4qAAJhaW95TRdQF1YXWhfyIW9uG2FyAGOgViI7gOoA6kDsIW9uAKBVIk1kbwB0ABdhAAFEcmIXZhdvAHQAAKBSIgDgNdgi3XKhmipuF3QXYQB2AGUAO4DoAOhAZKCWKm8AdAAAoJgqgKGZKmlscwCAF4UXhxfuInRlcnMAoOcjAKATIWSglSpvAHQAAKCXKoABYXBzAJMXlheiF2MAcgATYXQAeQBzogUinxcAAAAAoRdlAHQAAKAFInAAMaADIDMBqRerFwCgBCAAoAUgAAFnc7AXsRdLYXAAAKACIAABZ3C4F7sXbwBuABlhZgAA4DXYVt2AAWFscwDFF8sXzxdyAHOg1SJsAACg4yl1AHMAAKBxKmkAAKG1A2x21RfYF28AbgC1Y/VjAAJjc3V24BfoF/0XEBgAAWlv5BdWF3IAYwAAoFYiaQLuFwAAAADwF+0ADQThIW50AAFnbPUX+Rd0AHIAAKCWKuUhc3MAoJUqgAFhZWkAAxgGGAoYbABzAD1gcwB0AACgXyJ2AESgYSJEAACgeCrwImFyc2wAoOUpAAFEYRkYHRhvAHQAAKBTInIAcgAAoHEpgAFjZGkAJxgqGO0XcgAAoC8hbwD0AIwCAAFhaDEYMhi3YzuA8ADwQAABbXI5GD0YbAA7gOsA60BvAACgrCCAAWNpcABGGEgYSxhsACFgcwD0ACwEAAFlb08YVxhjAHQAYQB0AGkAbwDuABoEbgBlAG4AdABpAGEAbADlADME4Ql1GAAAgRgAAIMYiBgAAAAAoRilGAAAqhgAALsYvhjRGAAA1xgnGWwAbABpAG4AZwBkAG8AdABzAGUA8QBlF3kARGRtImFsZQAAoEAmgAFpbHIAjRiRGJ0Y7CFpZwCgA/tpApcYAAAAAJoYZwAAoAD7aQBnAACgBPsA4DXYI93sIWlnAKAB++whaWcA4GYAagCAAWFsdACvGLIYthh0AACgbSZpAGcAAKAC+24AcwAAoLElbwBmAJJh8AHCGAAAxhhmAADgNdhX3QABYWvJGMwYbADsAGsEdqDUIgCg2SphI3J0aW50AACgDSoAAWFv2hgiGQABY3PeGB8ZsQPnGP0YBRkSGRUZAAAdGbID7xjyGPQY9xj5GAAA+xg7gL0AvUAAoFMhO4C8ALxAAKBVIQCgWSEAoFshswEBGQAAAxkAoFQhAKBWIbQCCxkOGQAAAAAQGTuAvgC+QACgVyEAoFwhNQAAoFghtgEZGQAAGxkAoFohAKBdITgAAKBeIWwAAKBEIHcAbgAAoCIjYwByAADgNdi73IAIRWFiY2RlZmdpamxub3JzdHYARhlKGVoZXhlmGWkZkhmWGZkZnRmgGa0ZxhnLGc8Z4BkjGmygZyIAoIwqgAFjbXAAUBlTGVgZ9SF0ZfVhbQBhAOSgswM6FgCghipyImV2ZQAfYQABaXliGWUZcgBjAB1hM2RvAHQAIWGAoWUibHFzAMYEcBl6GfGhZSLOBAAAdhlsAGEAbgD0AN8EgKF+KmNkbACBGYQZjBljAACgqSpvAHQAb6CAKmyggioAoIQqZeDbIgD+cwAAoJQqcgAA4DXYJN3noGsirATtIWVsAKA3IWMAeQBTZIChdyJFYWoApxmpGasZAKCSKgCgpSoAoKQqAAJFYWVztBm2Gb0ZwhkAoGkicABwoIoq8iFveACgiipxoIgq8aCIKrUZaQBtAACg5yJwAGYAAOA12FjdYQB2AOUAYwIAAWNp0xnWGXIAAKAKIW0AAKFzImVs3BneGQCgjioAoJAqAIM+ADtjZGxxco0E6xn0GfgZ/BkBGgABY2nvGfEZAKCnKnIAAKB6Km8AdAAAoNci0CFhcgCglSl1ImVzdAAAoHwqgAJhZGVscwAKGvQZFhrVBCAa8AEPGgAAFBpwAHIAbwD4AFkZcgAAoHgpcQAAAWxxxAQbGmwAZQBzAPMASRlpAO0A5AQAAWVuJxouGnIjdG5lcXEAAOBpIgD+xQAsGgAFQWFiY2Vma29zeUAaQxpmGmoabRqDGocalhrCGtMacgDyAMwCAAJpbG1yShpOGlAaVBpyAHMA8ABxD2YAvWBpAGwA9AASBQABZHJYGlsaYwB5AEpkAKGUIWN3YBpkGmkAcgAAoEgpAKCtIWEAcgAAoA8h6SFyYyVhgAFhbHIAcxp7Gn8a8iF0c3WgZSZpAHQAAKBlJuwhaXAAoCYg4yFvbgCguSJyAADgNdgl3XMAAAFld4wakRphInJvdwAAoCUpYSJyb3cAAKAmKYACYW1vcHIAnxqjGqcauhq+GnIAcgAAoP8h9CFodACgOyJrAAABbHKsGrMaZSRmdGFycm93AACgqSHpJGdodGFycm93AKCqIWYAAOA12Fnd4iFhcgCgFSCAAWNsdADIGswa0BpyAADgNdi93GEAcwDoAGka8iFvaydhAAFicNca2xr1IWxsAKBDIOghZW4AoBAg4Qr2GgAA/RoAAAgbExsaGwAAIRs7GwAAAAA+G2IbmRuVG6sbAACyG80b0htjAHUAdABlADuA7QDtQAChYyBpeQEbBhtyAGMAO4DuAO5AOGQAAWN4CxsNG3kANWRjAGwAO4ChAKFAAAFmcssCFhsA4DXYJt1yAGEAdgBlADuA7ADsQIChSCFpbm8AJxsyGzYbAAFpbisbLxtuAHQAAKAMKnQAAKAtIuYhaW4AoNwpdABhAACgKSHsIWlnM2GAAWFvcABDG1sbXhuAAWNndABJG0sbWRtyACthgAFlbHAAcQVRG1UbaQBuAOUAyAVhAHIA9AByBWgAMWFmAACgtyJlAGQAtWEAoggiY2ZvdGkbbRt1G3kb4SFyZQCgBSFpAG4AdKAeImkAZQAAoN0pZABvAPQAWxsAoisiY2VscIEbhRuPG5QbYQBsAACguiIAAWdyiRuNG2UAcgDzACMQ4wCCG2EicmhrAACgFyryIW9kAKA8KgACY2dwdJ8boRukG6gbeQBRZG8AbgAvYWYAAOA12FrdYQC5Y3UAZQBzAHQAO4C/AL9AAAFjabUbuRtyAADgNdi+3G4AAKIIIkVkc3bCG8QbyBvQAwCg+SJvAHQAAKD1Inag9CIAoPMiaaBiIOwhZGUpYesB1hsAANkbYwB5AFZkbAA7gO8A70AAA2NmbW9zdeYb7hvyG/Ub+hsFHAABaXnqG+0bcgBjADVhOWRyAADgNdgn3eEhdGg3YnAAZgAA4DXYW93jAf8bAAADHHIAAOA12L/c8iFjeVhk6yFjeVRkAARhY2ZnaGpvcxUcGhwiHCYcKhwtHDAcNRzwIXBhdqC6A/BjAAFleR4cIRzkIWlsN2E6ZHIAAOA12CjdciJlZW4AOGFjAHkARWRjAHkAXGRwAGYAAOA12FzdYwByAADgNdjA3IALQUJFSGFiY2RlZmdoamxtbm9wcnN0dXYAXhxtHHEcdRx5HN8cBx0dHTwd3B3tHfEdAR4EHh0eLB5FHrwewx7hHgkfPR9LH4ABYXJ0AGQcZxxpHHIA8gBvB/IAxQLhIWlsAKAbKeEhcnIAoA4pZ6BmIgCgiyphAHIAAKBiKWMJjRwAAJAcAACVHAAAAAAAAAAAAACZHJwcAACmHKgcrRwAANIc9SF0ZTph7SJwdHl2AKC0KXIAYQDuAFoG4iFkYbtjZwAAoegnZGyhHKMcAKCRKeUAiwYAoIUqdQBvADuAqwCrQHIAgKOQIWJmaGxwc3QAuhy/HMIcxBzHHMoczhxmoOQhcwAAoB8pcwAAoB0p6wCyGnAAAKCrIWwAAKA5KWkAbQAAoHMpbAAAoKIhAKGrKmFl1hzaHGkAbAAAoBkpc6CtKgDgrSoA/oABYWJyAOUc6RztHHIAcgAAoAwpcgBrAACgcicAAWFr8Rz4HGMAAAFla/Yc9xx7YFtgAAFlc/wc/hwAoIspbAAAAWR1Ax0FHQCgjykAoI0pAAJhZXV5Dh0RHRodHB3yIW9uPmEAAWRpFR0YHWkAbAA8YewAowbiAPccO2QAAmNxcnMkHScdLB05HWEAAKA2KXUAbwDyoBwgqhEAAWR1MB00HeghYXIAoGcpcyJoYXIAAKBLKWgAAKCyIQCiZCJmZ3FzRB1FB5Qdnh10AIACYWhscnQATh1WHWUdbB2NHXIicm93AHSgkCFhAOkAzxxhI3Jwb29uAAABZHVeHWId7yF3bgCgvSFwAACgvCHlJGZ0YXJyb3dzAKDHIWkiZ2h0AIABYWhzAHUdex2DHXIicm93APOglCGdBmEAcgBwAG8AbwBuAPMAzgtxAHUAaQBnAGEAcgByAG8A9wBlGugkcmVldGltZXMAoMsi8aFkIk0HAACaHWwAYQBuAPQAXgcAon0qY2Rnc6YdqR2xHbcdYwAAoKgqbwB0AG+gfypyoIEqAKCDKmXg2iIA/nMAAKCTKoACYWRlZ3MAwB3GHcod1h3ZHXAAcAByAG8A+ACmHG8AdAAAoNYicQAAAWdxzx3SHXQA8gBGB2cAdADyAHQcdADyAFMHaQDtAGMHgAFpbHIA4h3mHeod8yFodACgfClvAG8A8gDKBgDgNdgp3UWgdiIAoJEqYQH1Hf4dcgAAAWR1YB35HWygvCEAoGopbABrAACghCVjAHkAWWQAomoiYWNodAweDx4VHhkecgDyAGsdbwByAG4AZQDyAGAW4SFyZACgaylyAGkAAKD6JQABaW8hHiQe5CFvdEBh9SFzdGGgsCPjIWhlAKCwIwACRWFlczMeNR48HkEeAKBoInAAcKCJKvIhb3gAoIkqcaCHKvGghyo0HmkAbQAAoOYiAARhYm5vcHR3elIeXB5fHoUelh6mHqsetB4AAW5yVh5ZHmcAAKDsJ3IAAKD9IXIA6wCwBmcAgAFsbXIAZh52Hnse5SFmdAABYXKIB2weaQBnAGgAdABhAHIAcgBvAPcAkwfhInBzdG8AoPwnaQBnAGgAdABhAHIAcgBvAPcAmgdwI2Fycm93AAABbHKNHpEeZQBmAPQAxhxpImdodAAAoKwhgAFhZmwAnB6fHqIecgAAoIUpAOA12F3ddQBzAACgLSppIm1lcwAAoDQqYQGvHrMecwB0AACgFyLhAIoOZaHKJbkeRhLuIWdlAKDKJWEAcgBsoCgAdAAAoJMpgAJhY2htdADMHs8e1R7bHt0ecgDyAJ0GbwByAG4AZQDyANYWYQByAGSgyyEAoG0pAKAOIHIAaQAAoL8iAANhY2hpcXTrHu8e1QfzHv0eBh/xIXVvAKA5IHIAAOA12MHcbQDloXIi+h4AAPweAKCNKgCgjyoAAWJ19xwBH28AcqAYIACgGiDyIW9rQmEAhDwAO2NkaGlscXJCBhcfxh0gHyQfKB8sHzEfAAFjaRsfHR8AoKYqcgAAoHkqcgBlAOUAkx3tIWVzAKDJIuEhcnIAoHYpdSJlc3QAAKB7KgABUGk1HzkfYQByAACglillocMlAgdfEnIAAAFkdUIfRx9zImhhcgAAoEop6CFhcgCgZikAAWVuTx9WH3IjdG5lcXEAAOBoIgD+xQBUHwAHRGFjZGVmaGlsbm9wc3VuH3Ifoh+rH68ftx+7H74f5h/uH/MfBwj/HwsgxCFvdACgOiIAAmNscHJ5H30fiR+eH3IAO4CvAK9AAAFldIEfgx8AoEImZaAgJ3MAZQAAoCAnc6CmIXQAbwCAoaYhZGx1AJQfmB+cH28AdwDuAHkDZQBmAPQA6gbwAOkO6yFlcgCgriUAAW95ph+qH+0hbWEAoCkqPGThIXNoAKAUIOElc3VyZWRhbmdsZQCgISJyAADgNdgq3W8AAKAnIYABY2RuAMQfyR/bH3IAbwA7gLUAtUBhoiMi0B8AANMf1x9zAPQAKxFpAHIAAKDwKm8AdAA7gLcAt0B1AHMA4qESIh4TAADjH3WgOCIAoCoqYwHqH+0fcAAAoNsq8gB+GnAAbAB1APMACAgAAWRw9x/7H+UhbHMAoKciZgAA4DXYXt0AAWN0AyAHIHIAAOA12MLc8CFvcwCgPiJsobwDECAVIPQiaW1hcACguCJhAPAAEyAADEdMUlZhYmNkZWZnaGlqbG1vcHJzdHV2dzwgRyBmIG0geSCqILgg2iDeIBEhFSEyIUMhTSFQIZwhnyHSIQAiIyKLIrEivyIUIwABZ3RAIEMgAODZIjgD9uBrItIgBwmAAWVsdABNIF8gYiBmAHQAAAFhclMgWCByInJvdwAAoM0h6SRnaHRhcnJvdwCgziEA4NgiOAP24Goi0iBfCekkZ2h0YXJyb3cAoM8hAAFEZHEgdSDhIXNoAKCvIuEhc2gAoK4igAJiY25wdACCIIYgiSCNIKIgbABhAACgByL1IXRlRGFnAADgICLSIACiSSJFaW9wlSCYIJwgniAA4HAqOANkAADgSyI4A3MASWFyAG8A+AAyCnUAcgBhoG4mbADzoG4mmwjzAa8gAACzIHAAO4CgAKBAbQBwAOXgTiI4AyoJgAJhZW91eQDBIMogzSDWINkg8AHGIAAAyCAAoEMqbwBuAEhh5CFpbEZhbgBnAGSgRyJvAHQAAOBtKjgDcAAAoEIqPWThIXNoAKATIACjYCJBYWRxc3jpIO0g+SD+IAIhDCFyAHIAAKDXIXIAAAFocvIg9SBrAACgJClvoJch9wAGD28AdAAA4FAiOAN1AGkA9gC7CAABZWkGIQohYQByAACgKCntAN8I6SFzdPOgBCLlCHIAAOA12CvdAAJFZXN0/wgcISshLiHxoXEiIiEAABMJ8aFxIgAJAAAnIWwAYQBuAPQAEwlpAO0AGQlyoG8iAKBvIoABQWFwADghOyE/IXIA8gBeIHIAcgAAoK4hYQByAACg8ipzogsiSiEAAAAAxwtkoPwiAKD6ImMAeQBaZIADQUVhZGVzdABcIV8hYiFmIWkhkyGWIXIA8gBXIADgZiI4A3IAcgAAoJohcgAAoCUggKFwImZxcwBwIYQhjiF0AAABYXJ1IXohcgByAG8A9wBlIWkAZwBoAHQAYQByAHIAbwD3AD4h8aFwImAhAACKIWwAYQBuAPQAZwlz4H0qOAMAoG4iaQDtAG0JcqBuImkA5aDqIkUJaQDkADoKAAFwdKMhpyFmAADgNdhf3YCBrAA7aW4AriGvIcchrEBuAIChCSJFZHYAtyG6Ib8hAOD5IjgDbwB0AADg9SI4A+EB1gjEIcYhAKD3IgCg9iJpAHagDCLhAagJzyHRIQCg/iIAoP0igAFhb3IA2CHsIfEhcgCAoSYiYXN0AOAh5SHpIWwAbABlAOwAywhsAADg/SrlIADgAiI4A2wiaW50AACgFCrjoYAi9yEAAPohdQDlAJsJY+CvKjgDZaCAIvEAkwkAAkFhaXQHIgoiFyIeInIA8gBsIHIAcgAAoZshY3cRIhQiAOAzKTgDAOCdITgDZyRodGFycm93AACgmyFyAGkA5aDrIr4JgANjaGltcHF1AC8iPCJHIpwhTSJQIloigKGBImNlcgA2Iv0JOSJ1AOUABgoA4DXYw9zvIXJ0bQKdIQAAAABEImEAcgDhAOEhbQBloEEi8aBEIiYKYQDyAMsIcwB1AAABYnBWIlgi5QDUCeUA3wmAAWJjcABgInMieCKAoYQiRWVzAGci7glqIgDgxSo4A2UAdABl4IIi0iBxAPGgiCJoImMAZaCBIvEA/gmAoYUiRWVzAH8iFgqCIgDgxio4A2UAdABl4IMi0iBxAPGgiSKAIgACZ2lscpIilCKaIpwi7AAMCWwAZABlADuA8QDxQOcAWwlpI2FuZ2xlAAABbHKkIqoi5SFmdGWg6iLxAEUJaSJnaHQAZaDrIvEAvgltoL0DAKEjAGVzuCK8InIAbwAAoBYhcAAAoAcggARESGFkZ2lscnMAziLSItYi2iLeIugi7SICIw8j4SFzaACgrSLhIXJyAKAEKXAAAOBNItIg4SFzaACgrCIAAWV04iLlIgDgZSLSIADgPgDSIG4iZmluAACg3imAAUFldADzIvci+iJyAHIAAKACKQDgZCLSIHLgPADSIGkAZQAA4LQi0iAAAUF0BiMKI3IAcgAAoAMp8iFpZQDgtSLSIGkAbQAA4Dwi0iCAAUFhbgAaIx4jKiNyAHIAAKDWIXIAAAFociMjJiNrAACgIylvoJYh9wD/DuUhYXIAoCcpUxJqFAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAVCMAAF4jaSN/I4IjjSOeI8AUAAAAAKYjwCMAANoj3yMAAO8jHiQvJD8kRCQAAWNzVyNsFHUAdABlADuA8wDzQAABaXlhI2cjcgBjoJoiO4D0APRAPmSAAmFiaW9zAHEjdCN3I3EBeiNzAOgAdhTsIWFjUWF2AACgOCrvIWxkAKC8KewhaWdTYQABY3KFI4kjaQByAACgvykA4DXYLN1vA5QjAAAAAJYjAACcI24A22JhAHYAZQA7gPIA8kAAoMEpAAFibaEjjAphAHIAAKC1KQACYWNpdKwjryO6I70jcgDyAFkUAAFpcrMjtiNyAACgvinvIXNzAKC7KW4A5QDZCgCgwCmAAWFlaQDFI8gjyyNjAHIATWFnAGEAyWOAAWNkbgDRI9Qj1iPyIW9uv2MAoLYpdQDzAHgBcABmAADgNdhg3YABYWVsAOQj5yPrI3IAAKC3KXIAcAAAoLkpdQDzAHwBAKMoImFkaW9zdvkj/CMPJBMkFiQbJHIA8gBeFIChXSplZm0AAyQJJAwkcgBvoDQhZgAAoDQhO4CqAKpAO4C6ALpA5yFvZgCgtiJyAACgVipsIm9wZQAAoFcqAKBbKoABY2xvACMkJSQrJPIACCRhAHMAaAA7gPgA+EBsAACgmCJpAGwBMyQ4JGQAZQA7gPUA9UBlAHMAYaCXInMAAKA2Km0AbAA7gPYA9kDiIWFyAKA9I+EKXiQAAHokAAB8JJQkAACYJKkkAAAAALUkEQsAAPAkAAAAAAQleiUAAIMlcgCAoSUiYXN0AGUkbyQBCwCBtgA7bGokayS2QGwAZQDsABgDaQJ1JAAAAAB4JG0AAKDzKgCg/Sp5AD9kcgCAAmNpbXB0AIUkiCSLJJkSjyRuAHQAJWBvAGQALmBpAGwAAKAwIOUhbmsAoDEgcgAA4DXYLd2AAWltbwCdJKAkpCR2oMYD1WNtAGEA9AD+B24AZQAAoA4m9KHAA64kAAC0JGMjaGZvcmsAAKDUItZjAAFhdbgkxCRuAAABY2u9JMIkawBooA8hAKAOIfYAaRpzAACkKwBhYmNkZW1zdNMkIRPXJNsk4STjJOck6yTjIWlyAKAjKmkAcgAAoCIqAAFvdYsW3yQAoCUqAKByKm4AO4CxALFAaQBtAACgJip3AG8AAKAnKoABaXB1APUk+iT+JO4idGludACgFSpmAADgNdhh3W4AZAA7gKMAo0CApHoiRWFjZWlub3N1ABMlFSUYJRslTCVRJVklSSV1JQCgsypwAACgtyp1AOUAPwtjoK8qgKJ6ImFjZW5zACclLSU0JTYlSSVwAHAAcgBvAPgAFyV1AHIAbAB5AGUA8QA/C/EAOAuAAWFlcwA8JUElRSXwInByb3gAoLkqcQBxAACgtSppAG0AAKDoImkA7QBEC20AZQDzoDIgIguAAUVhcwBDJVclRSXwAEAlgAFkZnAATwtfJXElgAFhbHMAZSVpJW0l7CFhcgCgLiPpIW5lAKASI/UhcmYAoBMjdKAdIu8AWQvyIWVsAKCwIgABY2l9JYElcgAA4DXYxdzIY24iY3NwAACgCCAAA2Zpb3BzdZElKxuVJZolnyWkJXIAAOA12C7dcABmAADgNdhi3XIiaW1lAACgVyBjAHIAAOA12MbcgAFhZW8AqiW6JcAldAAAAWVpryW2JXIAbgBpAG8AbgDzABkFbgB0AACgFipzAHQAZaA/APEACRj0AG0LgApBQkhhYmNkZWZoaWxtbm9wcnN0dXgA4yXyJfYl+iVpJpAmpia9JtUm5ib4JlonaCdxJ3UnnietJ7EnyCfiJ+cngAFhcnQA6SXsJe4lcgDyAJkM8gD6AuEhaWwAoBwpYQByAPIA3BVhAHIAAKBkKYADY2RlbnFydAAGJhAmEyYYJiYmKyZaJgABZXUKJg0mAOA9IjEDdABlAFVhaQDjACAN7SJwdHl2AKCzKWcAgKHpJ2RlbAAgJiImJCYAoJIpAKClKeUA9wt1AG8AO4C7ALtAcgAApZIhYWJjZmhscHN0dz0mQCZFJkcmSiZMJk4mUSZVJlgmcAAAoHUpZqDlIXMAAKAgKQCgMylzAACgHinrALka8ACVHmwAAKBFKWkAbQAAoHQpbAAAoKMhAKCdIQABYWleJmImaQBsAACgGilvAG6gNiJhAGwA8wB2C4ABYWJyAG8mciZ2JnIA8gAvEnIAawAAoHMnAAFha3omgSZjAAABZWt/JoAmfWBdYAABZXOFJocmAKCMKWwAAAFkdYwmjiYAoI4pAKCQKQACYWV1eZcmmiajJqUm8iFvbllhAAFkaZ4moSZpAGwAV2HsAA8M4gCAJkBkAAJjbHFzrSawJrUmuiZhAACgNylkImhhcgAAoGkpdQBvAPKgHSCjAWgAAKCzIYABYWNnAMMm0iaUC2wAgKEcIWlwcwDLJs4migxuAOUAoAxhAHIA9ADaC3QAAKCtJYABaWxyANsm3ybjJvMhaHQAoH0pbwBvAPIANgwA4DXYL90AAWFv6ib1JnIAAAFkde8m8SYAoMEhbKDAIQCgbCl2oMED8WOAAWducwD+Jk4nUCdoAHQAAANhaGxyc3QKJxInISc1Jz0nRydyInJvdwB0oJIhYQDpAFYmYSNycG9vbgAAAWR1GiceJ28AdwDuAPAmcAAAoMAh5SFmdAABYWgnJy0ncgByAG8AdwDzAAkMYQByAHAAbwBvAG4A8wATBGklZ2h0YXJyb3dzAACgySFxAHUAaQBnAGEAcgByAG8A9wBZJugkcmVldGltZXMAoMwiZwDaYmkAbgBnAGQAbwB0AHMAZQDxABwYgAFhaG0AYCdjJ2YncgDyAAkMYQDyABMEAKAPIG8idXN0AGGgsSPjIWhlAKCxI+0haWQAoO4qAAJhYnB0fCeGJ4knmScAAW5ygCeDJ2cAAKDtJ3IAAKD+IXIA6wAcDIABYWZsAI8nkieVJ3IAAKCGKQDgNdhj3XUAcwAAoC4qaSJtZXMAAKA1KgABYXCiJ6gncgBnoCkAdAAAoJQp7yJsaW50AKASKmEAcgDyADwnAAJhY2hxuCe8J6EMwCfxIXVvAKA6IHIAAOA12MfcAAFidYAmxCdvAPKgGSCoAYABaGlyAM4n0ifWJ3IAZQDlAE0n7SFlcwCgyiJpAIChuSVlZmwAXAxjEt4n9CFyaQCgzinsInVoYXIAoGgpAKAeIWENBSgJKA0oSyhVKIYoAACLKLAoAAAAAOMo5ygAABApJCkxKW0pcSmHKaYpAACYKgAAAACxKmMidXRlAFthcQB1AO8ABR+ApHsiRWFjZWlucHN5ABwoHignKCooLygyKEEoRihJKACgtCrwASMoAAAlKACguCpvAG4AYWF1AOUAgw1koLAqaQBsAF9hcgBjAF1hgAFFYXMAOCg6KD0oAKC2KnAAAKC6KmkAbQAAoOki7yJsaW50AKATKmkA7QCIDUFkbwB0AGKixSKRFgAAAABTKACgZiqAA0FhY21zdHgAYChkKG8ocyh1KHkogihyAHIAAKDYIXIAAAFocmkoayjrAJAab6CYIfcAzAd0ADuApwCnQGkAO2D3IWFyAKApKW0AAAFpbn4ozQBuAHUA8wDOAHQAAKA2J3IA7+A12DDdIxkAAmFjb3mRKJUonSisKHIAcAAAoG8mAAFoeZkonChjAHkASWRIZHIAdABtAqUoAAAAAKgoaQDkAFsPYQByAGEA7ABsJDuArQCtQAABZ22zKLsobQBhAAChwwNmdroouijCY4CjPCJkZWdsbnByAMgozCjPKNMo1yjaKN4obwB0AACgairxoEMiCw5FoJ4qAKCgKkWgnSoAoJ8qZQAAoEYi7CF1cwCgJCrhIXJyAKByKWEAcgDyAPwMAAJhZWl07Sj8KAEpCCkAAWxz8Sj4KGwAcwBlAHQAbQDpAH8oaABwAACgMyrwImFyc2wAoOQpAAFkbFoPBSllAACgIyNloKoqc6CsKgDgrCoA/oABZmxwABUpGCkfKfQhY3lMZGKgLwBhoMQpcgAAoD8jZgAA4DXYZN1hAAABZHIoKRcDZQBzAHWgYCZpAHQAAKBgJoABY3N1ADYpRilhKQABYXU6KUApcABzoJMiAOCTIgD+cABzoJQiAOCUIgD+dQAAAWJwSylWKQChjyJlcz4NUCllAHQAZaCPIvEAPw0AoZAiZXNIDVspZQB0AGWgkCLxAEkNAKGhJWFmZilbBHIAZQFrKVwEAKChJWEAcgDyAAMNAAJjZW10dyl7KX8pgilyAADgNdjI3HQAbQDuAM4AaQDsAAYpYQByAOYAVw0AAWFyiimOKXIA5qAGJhESAAFhbpIpoylpImdodAAAAWVwmSmgKXAAcwBpAGwAbwDuANkXaADpAKAkcwCvYIACYmNtbnAArin8KY4NJSooKgCkgiJFZGVtbnByc7wpvinCKcgpzCnUKdgp3CkAoMUqbwB0AACgvSpkoIYibwB0AACgwyr1IWx0AKDBKgABRWXQKdIpAKDLKgCgiiLsIXVzAKC/KuEhcnIAoHkpgAFlaXUA4inxKfQpdAAAoYIiZW7oKewpcQDxoIYivSllAHEA8aCKItEpbQAAoMcqAAFicPgp+ikAoNUqAKDTKmMAgKJ7ImFjZW5zAAcqDSoUKhYqRihwAHAAcgBvAPgAIyh1AHIAbAB5AGUA8QCDDfEAfA2AAWFlcwAcKiIqPShwAHAAcgBvAPgAPChxAPEAOShnAACgaiYApoMiMTIzRWRlaGxtbnBzPCo/KkIqRSpHKlIqWCpjKmcqaypzKncqO4C5ALlAO4CyALJAO4CzALNAAKDGKgABb3NLKk4qdAAAoL4qdQBiAACg2CpkoIcibwB0AACgxCpzAAABb3VdKmAqbAAAoMknYgAAoNcq4SFycgCgeyn1IWx0AKDCKgABRWVvKnEqAKDMKgCgiyLsIXVzAKDAKoABZWl1AH0qjCqPKnQAAKGDImVugyqHKnEA8aCHIkYqZQBxAPGgiyJwKm0AAKDIKgABYnCTKpUqAKDUKgCg1iqAAUFhbgCdKqEqrCpyAHIAAKDZIXIAAAFocqYqqCrrAJUab6CZIfcAxQf3IWFyAKAqKWwAaQBnADuA3wDfQOELzyrZKtwq6SrsKvEqAAD1KjQrAAAAAAAAAAAAAEwrbCsAAHErvSsAAAAAAADRK3IC1CoAAAAA2CrnIWV0AKAWI8RjcgDrAOUKgAFhZXkA4SrkKucq8iFvbmVh5CFpbGNhQmRvAPQAIg5sInJlYwAAoBUjcgAA4DXYMd0AAmVpa2/7KhIrKCsuK/IBACsAAAkrZQAAATRm6g0EK28AcgDlAOsNYQBzorgDECsAAAAAEit5AG0A0WMAAWNuFislK2sAAAFhcxsrIStwAHAAcgBvAPgAFw5pAG0AAKA8InMA8AD9DQABYXMsKyEr8AAXDnIAbgA7gP4A/kDsATgrOyswG2QA5QBnAmUAcwCAgdcAO2JkAEMrRCtJK9dAYaCgInIAAKAxKgCgMCqAAWVwcwBRK1MraSvhAAkh4qKkIlsrXysAAAAAYytvAHQAAKA2I2kAcgAAoPEqb+A12GXdcgBrAACg2irhAHgociJpbWUAAKA0IIABYWlwAHYreSu3K2QA5QC+DYADYWRlbXBzdACFK6MrmiunK6wrsCuzK24iZ2xlAACitSVkbHFykCuUK5ornCvvIXduAKC/JeUhZnRloMMl8QACBwCgXCJpImdodABloLkl8QBdDG8AdAAAoOwlaSJudXMAAKA6KuwhdXMAoDkqYgAAoM0p6SFtZQCgOyrlInppdW0AoOIjgAFjaHQAwivKK80rAAFyecYrySsA4DXYydxGZGMAeQBbZPIhb2tnYQABaW/UK9creAD0ANERaCJlYWQAAAFsct4r5ytlAGYAdABhAHIAcgBvAPcAXQbpJGdodGFycm93AKCgIQAJQUhhYmNkZmdobG1vcHJzdHV3CiwNLBEsHSwnLDEsQCxLLFIsYix6LIQsjyzLLOgs7Sz/LAotcgDyAAkDYQByAACgYykAAWNyFSwbLHUAdABlADuA+gD6QPIACQ1yAOMBIywAACUseQBeZHYAZQBtYQABaXkrLDAscgBjADuA+wD7QENkgAFhYmgANyw6LD0scgDyANEO7CFhY3FhYQDyAOAOAAFpckQsSCzzIWh0AKB+KQDgNdgy3XIAYQB2AGUAO4D5APlAYQFWLF8scgAAAWxyWixcLACgvyEAoL4hbABrAACggCUAAWN0Zix2LG8CbCwAAAAAcyxyAG4AZaAcI3IAAKAcI28AcAAAoA8jcgBpAACg+CUAAWFsfiyBLGMAcgBrYTuAqACoQAABZ3CILIssbwBuAHNhZgAA4DXYZt0AA2FkaGxzdZksniynLLgsuyzFLHIAcgBvAPcACQ1vAHcAbgBhAHIAcgBvAPcA2A5hI3Jwb29uAAABbHKvLLMsZQBmAPQAWyxpAGcAaAD0AF0sdQDzAKYOaQAAocUDaGzBLMIs0mNvAG4AxWPwI2Fycm93cwCgyCGAAWNpdADRLOEs5CxvAtcsAAAAAN4scgBuAGWgHSNyAACgHSNvAHAAAKAOI24AZwBvYXIAaQAAoPklYwByAADgNdjK3IABZGlyAPMs9yz6LG8AdAAAoPAi7CFkZWlhaQBmoLUlAKC0JQABYW0DLQYtcgDyAMosbAA7gPwA/EDhIm5nbGUAoKcpgAdBQkRhY2RlZmxub3Byc3oAJy0qLTAtNC2bLZ0toS2/LcMtxy3TLdgt3C3gLfwtcgDyABADYQByAHag6CoAoOkqYQBzAOgA/gIAAW5yOC08LechcnQAoJwpgANla25wcnN0AJkpSC1NLVQtXi1iLYItYQBwAHAA4QAaHG8AdABoAGkAbgDnAKEXgAFoaXIAoSmzJFotbwBwAPQAdCVooJUh7wD4JgABaXVmLWotZwBtAOEAuygAAWJwbi14LXMjZXRuZXEAceCKIgD+AODLKgD+cyNldG5lcQBx4IsiAP4A4MwqAP4AAWhyhi2KLWUAdADhABIraSNhbmdsZQAAAWxyki2WLeUhZnQAoLIiaSJnaHQAAKCzInkAMmThIXNoAKCiIoABZWxyAKcttC24LWKiKCKuLQAAAACyLWEAcgAAoLsicQAAoFoi7CFpcACg7iIAAWJ0vC1eD2EA8gBfD3IAAOA12DPddAByAOkAlS1zAHUAAAFicM0t0C0A4IIi0iAA4IMi0iBwAGYAAOA12GfdcgBvAPAAWQt0AHIA6QCaLQABY3XkLegtcgAA4DXYy9wAAWJw7C30LW4AAAFFZXUt8S0A4IoiAP5uAAABRWV/LfktAOCLIgD+6SJnemFnAKCaKYADY2Vmb3BycwANLhAuJS4pLiMuLi40LukhcmN1YQABZGkULiEuAAFiZxguHC5hAHIAAKBfKmUAcaAnIgCgWSLlIXJwAKAYIXIAAOA12DTdcABmAADgNdho3WWgQCJhAHQA6ABqD2MAcgAA4DXYzNzjCuQRUC4AAFQuAABYLmIuAAAAAGMubS5wLnQuAAAAAIguki4AAJouJxIqEnQAcgDpAB0ScgAA4DXYNd0AAUFhWy5eLnIA8gDnAnIA8gCTB75jAAFBYWYuaS5yAPIA4AJyAPIAjAdhAPAAeh5pAHMAAKD7IoABZHB0APgReS6DLgABZmx9LoAuAOA12GnddQDzAP8RaQBtAOUABBIAAUFhiy6OLnIA8gDuAnIA8gCaBwABY3GVLgoScgAA4DXYzdwAAXB0nS6hLmwAdQDzACUScgDpACASAARhY2VmaW9zdbEuvC7ELsguzC7PLtQu2S5jAAABdXm2LrsudABlADuA/QD9QE9kAAFpecAuwy5yAGMAd2FLZG4AO4ClAKVAcgAA4DXYNt1jAHkAV2RwAGYAAOA12GrdYwByAADgNdjO3AABY23dLt8ueQBOZGwAO4D/AP9AAAVhY2RlZmhpb3N38y73Lv8uAi8MLxAvEy8YLx0vIi9jInV0ZQB6YQABYXn7Lv4u8iFvbn5hN2RvAHQAfGEAAWV0Bi8KL3QAcgDmAB8QYQC2Y3IAAOA12DfdYwB5ADZk5yJyYXJyAKDdIXAAZgAA4DXYa91jAHIAAOA12M/cAAFqbiYvKC8AoA0gagAAoAwg");
//# sourceMappingURL=decode-data-html.js.map
;// CONCATENATED MODULE: ./node_modules/entities/dist/esm/generated/decode-data-xml.js
// Generated using scripts/write-decode-map.ts

const decode_data_xml_xmlDecodeTree = /* #__PURE__ */ decodeBase64("AAJhZ2xxBwARABMAFQBtAg0AAAAAAA8AcAAmYG8AcwAnYHQAPmB0ADxg9SFvdCJg");
//# sourceMappingURL=decode-data-xml.js.map
;// CONCATENATED MODULE: ./node_modules/entities/dist/esm/decode.js




var CharCodes;
(function (CharCodes) {
    CharCodes[CharCodes["NUM"] = 35] = "NUM";
    CharCodes[CharCodes["SEMI"] = 59] = "SEMI";
    CharCodes[CharCodes["EQUALS"] = 61] = "EQUALS";
    CharCodes[CharCodes["ZERO"] = 48] = "ZERO";
    CharCodes[CharCodes["NINE"] = 57] = "NINE";
    CharCodes[CharCodes["LOWER_A"] = 97] = "LOWER_A";
    CharCodes[CharCodes["LOWER_F"] = 102] = "LOWER_F";
    CharCodes[CharCodes["LOWER_X"] = 120] = "LOWER_X";
    CharCodes[CharCodes["LOWER_Z"] = 122] = "LOWER_Z";
    CharCodes[CharCodes["UPPER_A"] = 65] = "UPPER_A";
    CharCodes[CharCodes["UPPER_F"] = 70] = "UPPER_F";
    CharCodes[CharCodes["UPPER_Z"] = 90] = "UPPER_Z";
})(CharCodes || (CharCodes = {}));
/** Bit that needs to be set to convert an upper case ASCII character to lower case */
const TO_LOWER_BIT = 32;
function isNumber(code) {
    return code >= CharCodes.ZERO && code <= CharCodes.NINE;
}
function isHexadecimalCharacter(code) {
    return ((code >= CharCodes.UPPER_A && code <= CharCodes.UPPER_F) ||
        (code >= CharCodes.LOWER_A && code <= CharCodes.LOWER_F));
}
function isAsciiAlphaNumeric(code) {
    return ((code >= CharCodes.UPPER_A && code <= CharCodes.UPPER_Z) ||
        (code >= CharCodes.LOWER_A && code <= CharCodes.LOWER_Z) ||
        isNumber(code));
}
/**
 * Checks if the given character is a valid end character for an entity in an attribute.
 *
 * Attribute values that aren't terminated properly aren't parsed, and shouldn't lead to a parser error.
 * See the example in https://html.spec.whatwg.org/multipage/parsing.html#named-character-reference-state
 */
function isEntityInAttributeInvalidEnd(code) {
    return code === CharCodes.EQUALS || isAsciiAlphaNumeric(code);
}
var EntityDecoderState;
(function (EntityDecoderState) {
    EntityDecoderState[EntityDecoderState["EntityStart"] = 0] = "EntityStart";
    EntityDecoderState[EntityDecoderState["NumericStart"] = 1] = "NumericStart";
    EntityDecoderState[EntityDecoderState["NumericDecimal"] = 2] = "NumericDecimal";
    EntityDecoderState[EntityDecoderState["NumericHex"] = 3] = "NumericHex";
    EntityDecoderState[EntityDecoderState["NamedEntity"] = 4] = "NamedEntity";
})(EntityDecoderState || (EntityDecoderState = {}));
var decode_DecodingMode;
(function (DecodingMode) {
    /** Entities in text nodes that can end with any character. */
    DecodingMode[DecodingMode["Legacy"] = 0] = "Legacy";
    /** Only allow entities terminated with a semicolon. */
    DecodingMode[DecodingMode["Strict"] = 1] = "Strict";
    /** Entities in attributes have limitations on ending characters. */
    DecodingMode[DecodingMode["Attribute"] = 2] = "Attribute";
})(decode_DecodingMode || (decode_DecodingMode = {}));
/**
 * Token decoder with support of writing partial entities.
 */
class EntityDecoder {
    constructor(
    /** The tree used to decode entities. */
    // biome-ignore lint/correctness/noUnusedPrivateClassMembers: False positive
    decodeTree, 
    /**
     * The function that is called when a codepoint is decoded.
     *
     * For multi-byte named entities, this will be called multiple times,
     * with the second codepoint, and the same `consumed` value.
     *
     * @param codepoint The decoded codepoint.
     * @param consumed The number of bytes consumed by the decoder.
     */
    emitCodePoint, 
    /** An object that is used to produce errors. */
    errors) {
        this.decodeTree = decodeTree;
        this.emitCodePoint = emitCodePoint;
        this.errors = errors;
        /** The current state of the decoder. */
        this.state = EntityDecoderState.EntityStart;
        /** Characters that were consumed while parsing an entity. */
        this.consumed = 1;
        /**
         * The result of the entity.
         *
         * Either the result index of a numeric entity, or the codepoint of a
         * numeric entity.
         */
        this.result = 0;
        /** The current index in the decode tree. */
        this.treeIndex = 0;
        /** The number of characters that were consumed in excess. */
        this.excess = 1;
        /** The mode in which the decoder is operating. */
        this.decodeMode = decode_DecodingMode.Strict;
        /** The number of characters that have been consumed in the current run. */
        this.runConsumed = 0;
    }
    /** Resets the instance to make it reusable. */
    startEntity(decodeMode) {
        this.decodeMode = decodeMode;
        this.state = EntityDecoderState.EntityStart;
        this.result = 0;
        this.treeIndex = 0;
        this.excess = 1;
        this.consumed = 1;
        this.runConsumed = 0;
    }
    /**
     * Write an entity to the decoder. This can be called multiple times with partial entities.
     * If the entity is incomplete, the decoder will return -1.
     *
     * Mirrors the implementation of `getDecoder`, but with the ability to stop decoding if the
     * entity is incomplete, and resume when the next string is written.
     *
     * @param input The string containing the entity (or a continuation of the entity).
     * @param offset The offset at which the entity begins. Should be 0 if this is not the first call.
     * @returns The number of characters that were consumed, or -1 if the entity is incomplete.
     */
    write(input, offset) {
        switch (this.state) {
            case EntityDecoderState.EntityStart: {
                if (input.charCodeAt(offset) === CharCodes.NUM) {
                    this.state = EntityDecoderState.NumericStart;
                    this.consumed += 1;
                    return this.stateNumericStart(input, offset + 1);
                }
                this.state = EntityDecoderState.NamedEntity;
                return this.stateNamedEntity(input, offset);
            }
            case EntityDecoderState.NumericStart: {
                return this.stateNumericStart(input, offset);
            }
            case EntityDecoderState.NumericDecimal: {
                return this.stateNumericDecimal(input, offset);
            }
            case EntityDecoderState.NumericHex: {
                return this.stateNumericHex(input, offset);
            }
            case EntityDecoderState.NamedEntity: {
                return this.stateNamedEntity(input, offset);
            }
        }
    }
    /**
     * Switches between the numeric decimal and hexadecimal states.
     *
     * Equivalent to the `Numeric character reference state` in the HTML spec.
     *
     * @param input The string containing the entity (or a continuation of the entity).
     * @param offset The current offset.
     * @returns The number of characters that were consumed, or -1 if the entity is incomplete.
     */
    stateNumericStart(input, offset) {
        if (offset >= input.length) {
            return -1;
        }
        if ((input.charCodeAt(offset) | TO_LOWER_BIT) === CharCodes.LOWER_X) {
            this.state = EntityDecoderState.NumericHex;
            this.consumed += 1;
            return this.stateNumericHex(input, offset + 1);
        }
        this.state = EntityDecoderState.NumericDecimal;
        return this.stateNumericDecimal(input, offset);
    }
    /**
     * Parses a hexadecimal numeric entity.
     *
     * Equivalent to the `Hexademical character reference state` in the HTML spec.
     *
     * @param input The string containing the entity (or a continuation of the entity).
     * @param offset The current offset.
     * @returns The number of characters that were consumed, or -1 if the entity is incomplete.
     */
    stateNumericHex(input, offset) {
        while (offset < input.length) {
            const char = input.charCodeAt(offset);
            if (isNumber(char) || isHexadecimalCharacter(char)) {
                // Convert hex digit to value (0-15); 'a'/'A' -> 10.
                const digit = char <= CharCodes.NINE
                    ? char - CharCodes.ZERO
                    : (char | TO_LOWER_BIT) - CharCodes.LOWER_A + 10;
                this.result = this.result * 16 + digit;
                this.consumed++;
                offset++;
            }
            else {
                return this.emitNumericEntity(char, 3);
            }
        }
        return -1; // Incomplete entity
    }
    /**
     * Parses a decimal numeric entity.
     *
     * Equivalent to the `Decimal character reference state` in the HTML spec.
     *
     * @param input The string containing the entity (or a continuation of the entity).
     * @param offset The current offset.
     * @returns The number of characters that were consumed, or -1 if the entity is incomplete.
     */
    stateNumericDecimal(input, offset) {
        while (offset < input.length) {
            const char = input.charCodeAt(offset);
            if (isNumber(char)) {
                this.result = this.result * 10 + (char - CharCodes.ZERO);
                this.consumed++;
                offset++;
            }
            else {
                return this.emitNumericEntity(char, 2);
            }
        }
        return -1; // Incomplete entity
    }
    /**
     * Validate and emit a numeric entity.
     *
     * Implements the logic from the `Hexademical character reference start
     * state` and `Numeric character reference end state` in the HTML spec.
     *
     * @param lastCp The last code point of the entity. Used to see if the
     *               entity was terminated with a semicolon.
     * @param expectedLength The minimum number of characters that should be
     *                       consumed. Used to validate that at least one digit
     *                       was consumed.
     * @returns The number of characters that were consumed.
     */
    emitNumericEntity(lastCp, expectedLength) {
        var _a;
        // Ensure we consumed at least one digit.
        if (this.consumed <= expectedLength) {
            (_a = this.errors) === null || _a === void 0 ? void 0 : _a.absenceOfDigitsInNumericCharacterReference(this.consumed);
            return 0;
        }
        // Figure out if this is a legit end of the entity
        if (lastCp === CharCodes.SEMI) {
            this.consumed += 1;
        }
        else if (this.decodeMode === decode_DecodingMode.Strict) {
            return 0;
        }
        this.emitCodePoint(replaceCodePoint(this.result), this.consumed);
        if (this.errors) {
            if (lastCp !== CharCodes.SEMI) {
                this.errors.missingSemicolonAfterCharacterReference();
            }
            this.errors.validateNumericCharacterReference(this.result);
        }
        return this.consumed;
    }
    /**
     * Parses a named entity.
     *
     * Equivalent to the `Named character reference state` in the HTML spec.
     *
     * @param input The string containing the entity (or a continuation of the entity).
     * @param offset The current offset.
     * @returns The number of characters that were consumed, or -1 if the entity is incomplete.
     */
    stateNamedEntity(input, offset) {
        const { decodeTree } = this;
        let current = decodeTree[this.treeIndex];
        // The length is the number of bytes of the value, including the current byte.
        let valueLength = (current & BinTrieFlags.VALUE_LENGTH) >> 14;
        while (offset < input.length) {
            // Handle compact runs (possibly inline): valueLength == 0 and SEMI_REQUIRED bit set.
            if (valueLength === 0 && (current & BinTrieFlags.FLAG13) !== 0) {
                const runLength = (current & BinTrieFlags.BRANCH_LENGTH) >> 7; /* 2..63 */
                // If we are starting a run, check the first char.
                if (this.runConsumed === 0) {
                    const firstChar = current & BinTrieFlags.JUMP_TABLE;
                    if (input.charCodeAt(offset) !== firstChar) {
                        return this.result === 0
                            ? 0
                            : this.emitNotTerminatedNamedEntity();
                    }
                    offset++;
                    this.excess++;
                    this.runConsumed++;
                }
                // Check remaining characters in the run.
                while (this.runConsumed < runLength) {
                    if (offset >= input.length) {
                        return -1;
                    }
                    const charIndexInPacked = this.runConsumed - 1;
                    const packedWord = decodeTree[this.treeIndex + 1 + (charIndexInPacked >> 1)];
                    const expectedChar = charIndexInPacked % 2 === 0
                        ? packedWord & 0xff
                        : (packedWord >> 8) & 0xff;
                    if (input.charCodeAt(offset) !== expectedChar) {
                        this.runConsumed = 0;
                        return this.result === 0
                            ? 0
                            : this.emitNotTerminatedNamedEntity();
                    }
                    offset++;
                    this.excess++;
                    this.runConsumed++;
                }
                this.runConsumed = 0;
                this.treeIndex += 1 + (runLength >> 1);
                current = decodeTree[this.treeIndex];
                valueLength = (current & BinTrieFlags.VALUE_LENGTH) >> 14;
            }
            if (offset >= input.length)
                break;
            const char = input.charCodeAt(offset);
            /*
             * Implicit semicolon handling for nodes that require a semicolon but
             * don't have an explicit ';' branch stored in the trie. If we have
             * a value on the current node, it requires a semicolon, and the
             * current input character is a semicolon, emit the entity using the
             * current node (without descending further).
             */
            if (char === CharCodes.SEMI &&
                valueLength !== 0 &&
                (current & BinTrieFlags.FLAG13) !== 0) {
                return this.emitNamedEntityData(this.treeIndex, valueLength, this.consumed + this.excess);
            }
            this.treeIndex = determineBranch(decodeTree, current, this.treeIndex + Math.max(1, valueLength), char);
            if (this.treeIndex < 0) {
                return this.result === 0 ||
                    // If we are parsing an attribute
                    (this.decodeMode === decode_DecodingMode.Attribute &&
                        // We shouldn't have consumed any characters after the entity,
                        (valueLength === 0 ||
                            // And there should be no invalid characters.
                            isEntityInAttributeInvalidEnd(char)))
                    ? 0
                    : this.emitNotTerminatedNamedEntity();
            }
            current = decodeTree[this.treeIndex];
            valueLength = (current & BinTrieFlags.VALUE_LENGTH) >> 14;
            // If the branch is a value, store it and continue
            if (valueLength !== 0) {
                // If the entity is terminated by a semicolon, we are done.
                if (char === CharCodes.SEMI) {
                    return this.emitNamedEntityData(this.treeIndex, valueLength, this.consumed + this.excess);
                }
                // If we encounter a non-terminated (legacy) entity while parsing strictly, then ignore it.
                if (this.decodeMode !== decode_DecodingMode.Strict &&
                    (current & BinTrieFlags.FLAG13) === 0) {
                    this.result = this.treeIndex;
                    this.consumed += this.excess;
                    this.excess = 0;
                }
            }
            // Increment offset & excess for next iteration
            offset++;
            this.excess++;
        }
        return -1;
    }
    /**
     * Emit a named entity that was not terminated with a semicolon.
     *
     * @returns The number of characters consumed.
     */
    emitNotTerminatedNamedEntity() {
        var _a;
        const { result, decodeTree } = this;
        const valueLength = (decodeTree[result] & BinTrieFlags.VALUE_LENGTH) >> 14;
        this.emitNamedEntityData(result, valueLength, this.consumed);
        (_a = this.errors) === null || _a === void 0 ? void 0 : _a.missingSemicolonAfterCharacterReference();
        return this.consumed;
    }
    /**
     * Emit a named entity.
     *
     * @param result The index of the entity in the decode tree.
     * @param valueLength The number of bytes in the entity.
     * @param consumed The number of characters consumed.
     *
     * @returns The number of characters consumed.
     */
    emitNamedEntityData(result, valueLength, consumed) {
        const { decodeTree } = this;
        this.emitCodePoint(valueLength === 1
            ? decodeTree[result] &
                ~(BinTrieFlags.VALUE_LENGTH | BinTrieFlags.FLAG13)
            : decodeTree[result + 1], consumed);
        if (valueLength === 3) {
            // For multi-byte values, we need to emit the second byte.
            this.emitCodePoint(decodeTree[result + 2], consumed);
        }
        return consumed;
    }
    /**
     * Signal to the parser that the end of the input was reached.
     *
     * Remaining data will be emitted and relevant errors will be produced.
     *
     * @returns The number of characters consumed.
     */
    end() {
        var _a;
        switch (this.state) {
            case EntityDecoderState.NamedEntity: {
                // Emit a named entity if we have one.
                return this.result !== 0 &&
                    (this.decodeMode !== decode_DecodingMode.Attribute ||
                        this.result === this.treeIndex)
                    ? this.emitNotTerminatedNamedEntity()
                    : 0;
            }
            // Otherwise, emit a numeric entity if we have one.
            case EntityDecoderState.NumericDecimal: {
                return this.emitNumericEntity(0, 2);
            }
            case EntityDecoderState.NumericHex: {
                return this.emitNumericEntity(0, 3);
            }
            case EntityDecoderState.NumericStart: {
                (_a = this.errors) === null || _a === void 0 ? void 0 : _a.absenceOfDigitsInNumericCharacterReference(this.consumed);
                return 0;
            }
            case EntityDecoderState.EntityStart: {
                // Return 0 if we have no entity.
                return 0;
            }
        }
    }
}
/**
 * Creates a function that decodes entities in a string.
 *
 * @param decodeTree The decode tree.
 * @returns A function that decodes entities in a string.
 */
function getDecoder(decodeTree) {
    let returnValue = "";
    const decoder = new EntityDecoder(decodeTree, (data) => (returnValue += fromCodePoint(data)));
    return function decodeWithTrie(input, decodeMode) {
        let lastIndex = 0;
        let offset = 0;
        while ((offset = input.indexOf("&", offset)) >= 0) {
            returnValue += input.slice(lastIndex, offset);
            decoder.startEntity(decodeMode);
            const length = decoder.write(input, 
            // Skip the "&"
            offset + 1);
            if (length < 0) {
                lastIndex = offset + decoder.end();
                break;
            }
            lastIndex = offset + length;
            // If `length` is 0, skip the current `&` and continue.
            offset = length === 0 ? lastIndex + 1 : lastIndex;
        }
        const result = returnValue + input.slice(lastIndex);
        // Make sure we don't keep a reference to the final string.
        returnValue = "";
        return result;
    };
}
/**
 * Determines the branch of the current node that is taken given the current
 * character. This function is used to traverse the trie.
 *
 * @param decodeTree The trie.
 * @param current The current node.
 * @param nodeIdx The index right after the current node and its value.
 * @param char The current character.
 * @returns The index of the next node, or -1 if no branch is taken.
 */
function determineBranch(decodeTree, current, nodeIndex, char) {
    const branchCount = (current & BinTrieFlags.BRANCH_LENGTH) >> 7;
    const jumpOffset = current & BinTrieFlags.JUMP_TABLE;
    // Case 1: Single branch encoded in jump offset
    if (branchCount === 0) {
        return jumpOffset !== 0 && char === jumpOffset ? nodeIndex : -1;
    }
    // Case 2: Multiple branches encoded in jump table
    if (jumpOffset) {
        const value = char - jumpOffset;
        return value < 0 || value >= branchCount
            ? -1
            : decodeTree[nodeIndex + value] - 1;
    }
    // Case 3: Multiple branches encoded in packed dictionary (two keys per uint16)
    const packedKeySlots = (branchCount + 1) >> 1;
    /*
     * Treat packed keys as a virtual sorted array of length `branchCount`.
     * Key(i) = low byte for even i, high byte for odd i in slot i>>1.
     */
    let lo = 0;
    let hi = branchCount - 1;
    while (lo <= hi) {
        const mid = (lo + hi) >>> 1;
        const slot = mid >> 1;
        const packed = decodeTree[nodeIndex + slot];
        const midKey = (packed >> ((mid & 1) * 8)) & 0xff;
        if (midKey < char) {
            lo = mid + 1;
        }
        else if (midKey > char) {
            hi = mid - 1;
        }
        else {
            return decodeTree[nodeIndex + packedKeySlots + mid];
        }
    }
    return -1;
}
const htmlDecoder = /* #__PURE__ */ (/* unused pure expression or super */ null && (getDecoder(htmlDecodeTree)));
const xmlDecoder = /* #__PURE__ */ (/* unused pure expression or super */ null && (getDecoder(xmlDecodeTree)));
/**
 * Decodes an HTML string.
 *
 * @param htmlString The string to decode.
 * @param mode The decoding mode.
 * @returns The decoded string.
 */
function decode_decodeHTML(htmlString, mode = decode_DecodingMode.Legacy) {
    return htmlDecoder(htmlString, mode);
}
/**
 * Decodes an HTML string in an attribute.
 *
 * @param htmlAttribute The string to decode.
 * @returns The decoded string.
 */
function decodeHTMLAttribute(htmlAttribute) {
    return htmlDecoder(htmlAttribute, decode_DecodingMode.Attribute);
}
/**
 * Decodes an HTML string, requiring all entities to be terminated by a semicolon.
 *
 * @param htmlString The string to decode.
 * @returns The decoded string.
 */
function decodeHTMLStrict(htmlString) {
    return htmlDecoder(htmlString, decode_DecodingMode.Strict);
}
/**
 * Decodes an XML string, requiring all entities to be terminated by a semicolon.
 *
 * @param xmlString The string to decode.
 * @returns The decoded string.
 */
function decode_decodeXML(xmlString) {
    return xmlDecoder(xmlString, decode_DecodingMode.Strict);
}

// Re-export for use by eg. htmlparser2


//# sourceMappingURL=decode.js.map
;// CONCATENATED MODULE: ./node_modules/htmlparser2/dist/esm/Tokenizer.js

var Tokenizer_CharCodes;
(function (CharCodes) {
    CharCodes[CharCodes["Tab"] = 9] = "Tab";
    CharCodes[CharCodes["NewLine"] = 10] = "NewLine";
    CharCodes[CharCodes["FormFeed"] = 12] = "FormFeed";
    CharCodes[CharCodes["CarriageReturn"] = 13] = "CarriageReturn";
    CharCodes[CharCodes["Space"] = 32] = "Space";
    CharCodes[CharCodes["ExclamationMark"] = 33] = "ExclamationMark";
    CharCodes[CharCodes["Number"] = 35] = "Number";
    CharCodes[CharCodes["Amp"] = 38] = "Amp";
    CharCodes[CharCodes["SingleQuote"] = 39] = "SingleQuote";
    CharCodes[CharCodes["DoubleQuote"] = 34] = "DoubleQuote";
    CharCodes[CharCodes["Dash"] = 45] = "Dash";
    CharCodes[CharCodes["Slash"] = 47] = "Slash";
    CharCodes[CharCodes["Zero"] = 48] = "Zero";
    CharCodes[CharCodes["Nine"] = 57] = "Nine";
    CharCodes[CharCodes["Semi"] = 59] = "Semi";
    CharCodes[CharCodes["Lt"] = 60] = "Lt";
    CharCodes[CharCodes["Eq"] = 61] = "Eq";
    CharCodes[CharCodes["Gt"] = 62] = "Gt";
    CharCodes[CharCodes["Questionmark"] = 63] = "Questionmark";
    CharCodes[CharCodes["UpperA"] = 65] = "UpperA";
    CharCodes[CharCodes["LowerA"] = 97] = "LowerA";
    CharCodes[CharCodes["UpperF"] = 70] = "UpperF";
    CharCodes[CharCodes["LowerF"] = 102] = "LowerF";
    CharCodes[CharCodes["UpperZ"] = 90] = "UpperZ";
    CharCodes[CharCodes["LowerZ"] = 122] = "LowerZ";
    CharCodes[CharCodes["LowerX"] = 120] = "LowerX";
    CharCodes[CharCodes["OpeningSquareBracket"] = 91] = "OpeningSquareBracket";
})(Tokenizer_CharCodes || (Tokenizer_CharCodes = {}));
/** All the states the tokenizer can be in. */
var State;
(function (State) {
    State[State["Text"] = 1] = "Text";
    State[State["BeforeTagName"] = 2] = "BeforeTagName";
    State[State["InTagName"] = 3] = "InTagName";
    State[State["InSelfClosingTag"] = 4] = "InSelfClosingTag";
    State[State["BeforeClosingTagName"] = 5] = "BeforeClosingTagName";
    State[State["InClosingTagName"] = 6] = "InClosingTagName";
    State[State["AfterClosingTagName"] = 7] = "AfterClosingTagName";
    // Attributes
    State[State["BeforeAttributeName"] = 8] = "BeforeAttributeName";
    State[State["InAttributeName"] = 9] = "InAttributeName";
    State[State["AfterAttributeName"] = 10] = "AfterAttributeName";
    State[State["BeforeAttributeValue"] = 11] = "BeforeAttributeValue";
    State[State["InAttributeValueDq"] = 12] = "InAttributeValueDq";
    State[State["InAttributeValueSq"] = 13] = "InAttributeValueSq";
    State[State["InAttributeValueNq"] = 14] = "InAttributeValueNq";
    // Declarations
    State[State["BeforeDeclaration"] = 15] = "BeforeDeclaration";
    State[State["InDeclaration"] = 16] = "InDeclaration";
    // Processing instructions
    State[State["InProcessingInstruction"] = 17] = "InProcessingInstruction";
    // Comments & CDATA
    State[State["BeforeComment"] = 18] = "BeforeComment";
    State[State["CDATASequence"] = 19] = "CDATASequence";
    State[State["InSpecialComment"] = 20] = "InSpecialComment";
    State[State["InCommentLike"] = 21] = "InCommentLike";
    // Special tags
    State[State["BeforeSpecialS"] = 22] = "BeforeSpecialS";
    State[State["BeforeSpecialT"] = 23] = "BeforeSpecialT";
    State[State["SpecialStartSequence"] = 24] = "SpecialStartSequence";
    State[State["InSpecialTag"] = 25] = "InSpecialTag";
    State[State["InEntity"] = 26] = "InEntity";
})(State || (State = {}));
function isWhitespace(c) {
    return (c === Tokenizer_CharCodes.Space ||
        c === Tokenizer_CharCodes.NewLine ||
        c === Tokenizer_CharCodes.Tab ||
        c === Tokenizer_CharCodes.FormFeed ||
        c === Tokenizer_CharCodes.CarriageReturn);
}
function isEndOfTagSection(c) {
    return c === Tokenizer_CharCodes.Slash || c === Tokenizer_CharCodes.Gt || isWhitespace(c);
}
function isASCIIAlpha(c) {
    return ((c >= Tokenizer_CharCodes.LowerA && c <= Tokenizer_CharCodes.LowerZ) ||
        (c >= Tokenizer_CharCodes.UpperA && c <= Tokenizer_CharCodes.UpperZ));
}
var QuoteType;
(function (QuoteType) {
    QuoteType[QuoteType["NoValue"] = 0] = "NoValue";
    QuoteType[QuoteType["Unquoted"] = 1] = "Unquoted";
    QuoteType[QuoteType["Single"] = 2] = "Single";
    QuoteType[QuoteType["Double"] = 3] = "Double";
})(QuoteType || (QuoteType = {}));
/**
 * Sequences used to match longer strings.
 *
 * We don't have `Script`, `Style`, or `Title` here. Instead, we re-use the *End
 * sequences with an increased offset.
 */
const Sequences = {
    Cdata: new Uint8Array([0x43, 0x44, 0x41, 0x54, 0x41, 0x5b]), // CDATA[
    CdataEnd: new Uint8Array([0x5d, 0x5d, 0x3e]), // ]]>
    CommentEnd: new Uint8Array([0x2d, 0x2d, 0x3e]), // `-->`
    ScriptEnd: new Uint8Array([0x3c, 0x2f, 0x73, 0x63, 0x72, 0x69, 0x70, 0x74]), // `</script`
    StyleEnd: new Uint8Array([0x3c, 0x2f, 0x73, 0x74, 0x79, 0x6c, 0x65]), // `</style`
    TitleEnd: new Uint8Array([0x3c, 0x2f, 0x74, 0x69, 0x74, 0x6c, 0x65]), // `</title`
    TextareaEnd: new Uint8Array([
        0x3c, 0x2f, 0x74, 0x65, 0x78, 0x74, 0x61, 0x72, 0x65, 0x61,
    ]), // `</textarea`
    XmpEnd: new Uint8Array([0x3c, 0x2f, 0x78, 0x6d, 0x70]), // `</xmp`
};
class Tokenizer {
    constructor({ xmlMode = false, decodeEntities = true, }, cbs) {
        this.cbs = cbs;
        /** The current state the tokenizer is in. */
        this.state = State.Text;
        /** The read buffer. */
        this.buffer = "";
        /** The beginning of the section that is currently being read. */
        this.sectionStart = 0;
        /** The index within the buffer that we are currently looking at. */
        this.index = 0;
        /** The start of the last entity. */
        this.entityStart = 0;
        /** Some behavior, eg. when decoding entities, is done while we are in another state. This keeps track of the other state type. */
        this.baseState = State.Text;
        /** For special parsing behavior inside of script and style tags. */
        this.isSpecial = false;
        /** Indicates whether the tokenizer has been paused. */
        this.running = true;
        /** The offset of the current buffer. */
        this.offset = 0;
        this.currentSequence = undefined;
        this.sequenceIndex = 0;
        this.xmlMode = xmlMode;
        this.decodeEntities = decodeEntities;
        this.entityDecoder = new EntityDecoder(xmlMode ? decode_data_xml_xmlDecodeTree : decode_data_html_htmlDecodeTree, (cp, consumed) => this.emitCodePoint(cp, consumed));
    }
    reset() {
        this.state = State.Text;
        this.buffer = "";
        this.sectionStart = 0;
        this.index = 0;
        this.baseState = State.Text;
        this.currentSequence = undefined;
        this.running = true;
        this.offset = 0;
    }
    write(chunk) {
        this.offset += this.buffer.length;
        this.buffer = chunk;
        this.parse();
    }
    end() {
        if (this.running)
            this.finish();
    }
    pause() {
        this.running = false;
    }
    resume() {
        this.running = true;
        if (this.index < this.buffer.length + this.offset) {
            this.parse();
        }
    }
    stateText(c) {
        if (c === Tokenizer_CharCodes.Lt ||
            (!this.decodeEntities && this.fastForwardTo(Tokenizer_CharCodes.Lt))) {
            if (this.index > this.sectionStart) {
                this.cbs.ontext(this.sectionStart, this.index);
            }
            this.state = State.BeforeTagName;
            this.sectionStart = this.index;
        }
        else if (this.decodeEntities && c === Tokenizer_CharCodes.Amp) {
            this.startEntity();
        }
    }
    stateSpecialStartSequence(c) {
        const isEnd = this.sequenceIndex === this.currentSequence.length;
        const isMatch = isEnd
            ? // If we are at the end of the sequence, make sure the tag name has ended
                isEndOfTagSection(c)
            : // Otherwise, do a case-insensitive comparison
                (c | 0x20) === this.currentSequence[this.sequenceIndex];
        if (!isMatch) {
            this.isSpecial = false;
        }
        else if (!isEnd) {
            this.sequenceIndex++;
            return;
        }
        this.sequenceIndex = 0;
        this.state = State.InTagName;
        this.stateInTagName(c);
    }
    /** Look for an end tag. For <title> tags, also decode entities. */
    stateInSpecialTag(c) {
        if (this.sequenceIndex === this.currentSequence.length) {
            if (c === Tokenizer_CharCodes.Gt || isWhitespace(c)) {
                const endOfText = this.index - this.currentSequence.length;
                if (this.sectionStart < endOfText) {
                    // Spoof the index so that reported locations match up.
                    const actualIndex = this.index;
                    this.index = endOfText;
                    this.cbs.ontext(this.sectionStart, endOfText);
                    this.index = actualIndex;
                }
                this.isSpecial = false;
                this.sectionStart = endOfText + 2; // Skip over the `</`
                this.stateInClosingTagName(c);
                return; // We are done; skip the rest of the function.
            }
            this.sequenceIndex = 0;
        }
        if ((c | 0x20) === this.currentSequence[this.sequenceIndex]) {
            this.sequenceIndex += 1;
        }
        else if (this.sequenceIndex === 0) {
            if (this.currentSequence === Sequences.TitleEnd) {
                // We have to parse entities in <title> tags.
                if (this.decodeEntities && c === Tokenizer_CharCodes.Amp) {
                    this.startEntity();
                }
            }
            else if (this.fastForwardTo(Tokenizer_CharCodes.Lt)) {
                // Outside of <title> tags, we can fast-forward.
                this.sequenceIndex = 1;
            }
        }
        else {
            // If we see a `<`, set the sequence index to 1; useful for eg. `<</script>`.
            this.sequenceIndex = Number(c === Tokenizer_CharCodes.Lt);
        }
    }
    stateCDATASequence(c) {
        if (c === Sequences.Cdata[this.sequenceIndex]) {
            if (++this.sequenceIndex === Sequences.Cdata.length) {
                this.state = State.InCommentLike;
                this.currentSequence = Sequences.CdataEnd;
                this.sequenceIndex = 0;
                this.sectionStart = this.index + 1;
            }
        }
        else {
            this.sequenceIndex = 0;
            this.state = State.InDeclaration;
            this.stateInDeclaration(c); // Reconsume the character
        }
    }
    /**
     * When we wait for one specific character, we can speed things up
     * by skipping through the buffer until we find it.
     *
     * @returns Whether the character was found.
     */
    fastForwardTo(c) {
        while (++this.index < this.buffer.length + this.offset) {
            if (this.buffer.charCodeAt(this.index - this.offset) === c) {
                return true;
            }
        }
        /*
         * We increment the index at the end of the `parse` loop,
         * so set it to `buffer.length - 1` here.
         *
         * TODO: Refactor `parse` to increment index before calling states.
         */
        this.index = this.buffer.length + this.offset - 1;
        return false;
    }
    /**
     * Comments and CDATA end with `-->` and `]]>`.
     *
     * Their common qualities are:
     * - Their end sequences have a distinct character they start with.
     * - That character is then repeated, so we have to check multiple repeats.
     * - All characters but the start character of the sequence can be skipped.
     */
    stateInCommentLike(c) {
        if (c === this.currentSequence[this.sequenceIndex]) {
            if (++this.sequenceIndex === this.currentSequence.length) {
                if (this.currentSequence === Sequences.CdataEnd) {
                    this.cbs.oncdata(this.sectionStart, this.index, 2);
                }
                else {
                    this.cbs.oncomment(this.sectionStart, this.index, 2);
                }
                this.sequenceIndex = 0;
                this.sectionStart = this.index + 1;
                this.state = State.Text;
            }
        }
        else if (this.sequenceIndex === 0) {
            // Fast-forward to the first character of the sequence
            if (this.fastForwardTo(this.currentSequence[0])) {
                this.sequenceIndex = 1;
            }
        }
        else if (c !== this.currentSequence[this.sequenceIndex - 1]) {
            // Allow long sequences, eg. --->, ]]]>
            this.sequenceIndex = 0;
        }
    }
    /**
     * HTML only allows ASCII alpha characters (a-z and A-Z) at the beginning of a tag name.
     *
     * XML allows a lot more characters here (@see https://www.w3.org/TR/REC-xml/#NT-NameStartChar).
     * We allow anything that wouldn't end the tag.
     */
    isTagStartChar(c) {
        return this.xmlMode ? !isEndOfTagSection(c) : isASCIIAlpha(c);
    }
    startSpecial(sequence, offset) {
        this.isSpecial = true;
        this.currentSequence = sequence;
        this.sequenceIndex = offset;
        this.state = State.SpecialStartSequence;
    }
    stateBeforeTagName(c) {
        if (c === Tokenizer_CharCodes.ExclamationMark) {
            this.state = State.BeforeDeclaration;
            this.sectionStart = this.index + 1;
        }
        else if (c === Tokenizer_CharCodes.Questionmark) {
            this.state = State.InProcessingInstruction;
            this.sectionStart = this.index + 1;
        }
        else if (this.isTagStartChar(c)) {
            const lower = c | 0x20;
            this.sectionStart = this.index;
            if (this.xmlMode) {
                this.state = State.InTagName;
            }
            else if (lower === Sequences.ScriptEnd[2]) {
                this.state = State.BeforeSpecialS;
            }
            else if (lower === Sequences.TitleEnd[2] ||
                lower === Sequences.XmpEnd[2]) {
                this.state = State.BeforeSpecialT;
            }
            else {
                this.state = State.InTagName;
            }
        }
        else if (c === Tokenizer_CharCodes.Slash) {
            this.state = State.BeforeClosingTagName;
        }
        else {
            this.state = State.Text;
            this.stateText(c);
        }
    }
    stateInTagName(c) {
        if (isEndOfTagSection(c)) {
            this.cbs.onopentagname(this.sectionStart, this.index);
            this.sectionStart = -1;
            this.state = State.BeforeAttributeName;
            this.stateBeforeAttributeName(c);
        }
    }
    stateBeforeClosingTagName(c) {
        if (isWhitespace(c)) {
            // Ignore
        }
        else if (c === Tokenizer_CharCodes.Gt) {
            this.state = State.Text;
        }
        else {
            this.state = this.isTagStartChar(c)
                ? State.InClosingTagName
                : State.InSpecialComment;
            this.sectionStart = this.index;
        }
    }
    stateInClosingTagName(c) {
        if (c === Tokenizer_CharCodes.Gt || isWhitespace(c)) {
            this.cbs.onclosetag(this.sectionStart, this.index);
            this.sectionStart = -1;
            this.state = State.AfterClosingTagName;
            this.stateAfterClosingTagName(c);
        }
    }
    stateAfterClosingTagName(c) {
        // Skip everything until ">"
        if (c === Tokenizer_CharCodes.Gt || this.fastForwardTo(Tokenizer_CharCodes.Gt)) {
            this.state = State.Text;
            this.sectionStart = this.index + 1;
        }
    }
    stateBeforeAttributeName(c) {
        if (c === Tokenizer_CharCodes.Gt) {
            this.cbs.onopentagend(this.index);
            if (this.isSpecial) {
                this.state = State.InSpecialTag;
                this.sequenceIndex = 0;
            }
            else {
                this.state = State.Text;
            }
            this.sectionStart = this.index + 1;
        }
        else if (c === Tokenizer_CharCodes.Slash) {
            this.state = State.InSelfClosingTag;
        }
        else if (!isWhitespace(c)) {
            this.state = State.InAttributeName;
            this.sectionStart = this.index;
        }
    }
    stateInSelfClosingTag(c) {
        if (c === Tokenizer_CharCodes.Gt) {
            this.cbs.onselfclosingtag(this.index);
            this.state = State.Text;
            this.sectionStart = this.index + 1;
            this.isSpecial = false; // Reset special state, in case of self-closing special tags
        }
        else if (!isWhitespace(c)) {
            this.state = State.BeforeAttributeName;
            this.stateBeforeAttributeName(c);
        }
    }
    stateInAttributeName(c) {
        if (c === Tokenizer_CharCodes.Eq || isEndOfTagSection(c)) {
            this.cbs.onattribname(this.sectionStart, this.index);
            this.sectionStart = this.index;
            this.state = State.AfterAttributeName;
            this.stateAfterAttributeName(c);
        }
    }
    stateAfterAttributeName(c) {
        if (c === Tokenizer_CharCodes.Eq) {
            this.state = State.BeforeAttributeValue;
        }
        else if (c === Tokenizer_CharCodes.Slash || c === Tokenizer_CharCodes.Gt) {
            this.cbs.onattribend(QuoteType.NoValue, this.sectionStart);
            this.sectionStart = -1;
            this.state = State.BeforeAttributeName;
            this.stateBeforeAttributeName(c);
        }
        else if (!isWhitespace(c)) {
            this.cbs.onattribend(QuoteType.NoValue, this.sectionStart);
            this.state = State.InAttributeName;
            this.sectionStart = this.index;
        }
    }
    stateBeforeAttributeValue(c) {
        if (c === Tokenizer_CharCodes.DoubleQuote) {
            this.state = State.InAttributeValueDq;
            this.sectionStart = this.index + 1;
        }
        else if (c === Tokenizer_CharCodes.SingleQuote) {
            this.state = State.InAttributeValueSq;
            this.sectionStart = this.index + 1;
        }
        else if (!isWhitespace(c)) {
            this.sectionStart = this.index;
            this.state = State.InAttributeValueNq;
            this.stateInAttributeValueNoQuotes(c); // Reconsume token
        }
    }
    handleInAttributeValue(c, quote) {
        if (c === quote ||
            (!this.decodeEntities && this.fastForwardTo(quote))) {
            this.cbs.onattribdata(this.sectionStart, this.index);
            this.sectionStart = -1;
            this.cbs.onattribend(quote === Tokenizer_CharCodes.DoubleQuote
                ? QuoteType.Double
                : QuoteType.Single, this.index + 1);
            this.state = State.BeforeAttributeName;
        }
        else if (this.decodeEntities && c === Tokenizer_CharCodes.Amp) {
            this.startEntity();
        }
    }
    stateInAttributeValueDoubleQuotes(c) {
        this.handleInAttributeValue(c, Tokenizer_CharCodes.DoubleQuote);
    }
    stateInAttributeValueSingleQuotes(c) {
        this.handleInAttributeValue(c, Tokenizer_CharCodes.SingleQuote);
    }
    stateInAttributeValueNoQuotes(c) {
        if (isWhitespace(c) || c === Tokenizer_CharCodes.Gt) {
            this.cbs.onattribdata(this.sectionStart, this.index);
            this.sectionStart = -1;
            this.cbs.onattribend(QuoteType.Unquoted, this.index);
            this.state = State.BeforeAttributeName;
            this.stateBeforeAttributeName(c);
        }
        else if (this.decodeEntities && c === Tokenizer_CharCodes.Amp) {
            this.startEntity();
        }
    }
    stateBeforeDeclaration(c) {
        if (c === Tokenizer_CharCodes.OpeningSquareBracket) {
            this.state = State.CDATASequence;
            this.sequenceIndex = 0;
        }
        else {
            this.state =
                c === Tokenizer_CharCodes.Dash
                    ? State.BeforeComment
                    : State.InDeclaration;
        }
    }
    stateInDeclaration(c) {
        if (c === Tokenizer_CharCodes.Gt || this.fastForwardTo(Tokenizer_CharCodes.Gt)) {
            this.cbs.ondeclaration(this.sectionStart, this.index);
            this.state = State.Text;
            this.sectionStart = this.index + 1;
        }
    }
    stateInProcessingInstruction(c) {
        if (c === Tokenizer_CharCodes.Gt || this.fastForwardTo(Tokenizer_CharCodes.Gt)) {
            this.cbs.onprocessinginstruction(this.sectionStart, this.index);
            this.state = State.Text;
            this.sectionStart = this.index + 1;
        }
    }
    stateBeforeComment(c) {
        if (c === Tokenizer_CharCodes.Dash) {
            this.state = State.InCommentLike;
            this.currentSequence = Sequences.CommentEnd;
            // Allow short comments (eg. <!-->)
            this.sequenceIndex = 2;
            this.sectionStart = this.index + 1;
        }
        else {
            this.state = State.InDeclaration;
        }
    }
    stateInSpecialComment(c) {
        if (c === Tokenizer_CharCodes.Gt || this.fastForwardTo(Tokenizer_CharCodes.Gt)) {
            this.cbs.oncomment(this.sectionStart, this.index, 0);
            this.state = State.Text;
            this.sectionStart = this.index + 1;
        }
    }
    stateBeforeSpecialS(c) {
        const lower = c | 0x20;
        if (lower === Sequences.ScriptEnd[3]) {
            this.startSpecial(Sequences.ScriptEnd, 4);
        }
        else if (lower === Sequences.StyleEnd[3]) {
            this.startSpecial(Sequences.StyleEnd, 4);
        }
        else {
            this.state = State.InTagName;
            this.stateInTagName(c); // Consume the token again
        }
    }
    stateBeforeSpecialT(c) {
        const lower = c | 0x20;
        switch (lower) {
            case Sequences.TitleEnd[3]: {
                this.startSpecial(Sequences.TitleEnd, 4);
                break;
            }
            case Sequences.TextareaEnd[3]: {
                this.startSpecial(Sequences.TextareaEnd, 4);
                break;
            }
            case Sequences.XmpEnd[3]: {
                this.startSpecial(Sequences.XmpEnd, 4);
                break;
            }
            default: {
                this.state = State.InTagName;
                this.stateInTagName(c); // Consume the token again
            }
        }
    }
    startEntity() {
        this.baseState = this.state;
        this.state = State.InEntity;
        this.entityStart = this.index;
        this.entityDecoder.startEntity(this.xmlMode
            ? decode_DecodingMode.Strict
            : this.baseState === State.Text ||
                this.baseState === State.InSpecialTag
                ? decode_DecodingMode.Legacy
                : decode_DecodingMode.Attribute);
    }
    stateInEntity() {
        const indexInBuffer = this.index - this.offset;
        const length = this.entityDecoder.write(this.buffer, indexInBuffer);
        // If `length` is positive, we are done with the entity.
        if (length >= 0) {
            this.state = this.baseState;
            if (length === 0) {
                this.index -= 1;
            }
        }
        else {
            if (indexInBuffer < this.buffer.length &&
                this.buffer.charCodeAt(indexInBuffer) === Tokenizer_CharCodes.Amp) {
                this.state = this.baseState;
                this.index -= 1;
                return;
            }
            // Mark buffer as consumed.
            this.index = this.offset + this.buffer.length - 1;
        }
    }
    /**
     * Remove data that has already been consumed from the buffer.
     */
    cleanup() {
        // If we are inside of text or attributes, emit what we already have.
        if (this.running && this.sectionStart !== this.index) {
            if (this.state === State.Text ||
                (this.state === State.InSpecialTag && this.sequenceIndex === 0)) {
                this.cbs.ontext(this.sectionStart, this.index);
                this.sectionStart = this.index;
            }
            else if (this.state === State.InAttributeValueDq ||
                this.state === State.InAttributeValueSq ||
                this.state === State.InAttributeValueNq) {
                this.cbs.onattribdata(this.sectionStart, this.index);
                this.sectionStart = this.index;
            }
        }
    }
    shouldContinue() {
        return this.index < this.buffer.length + this.offset && this.running;
    }
    /**
     * Iterates through the buffer, calling the function corresponding to the current state.
     *
     * States that are more likely to be hit are higher up, as a performance improvement.
     */
    parse() {
        while (this.shouldContinue()) {
            const c = this.buffer.charCodeAt(this.index - this.offset);
            switch (this.state) {
                case State.Text: {
                    this.stateText(c);
                    break;
                }
                case State.SpecialStartSequence: {
                    this.stateSpecialStartSequence(c);
                    break;
                }
                case State.InSpecialTag: {
                    this.stateInSpecialTag(c);
                    break;
                }
                case State.CDATASequence: {
                    this.stateCDATASequence(c);
                    break;
                }
                case State.InAttributeValueDq: {
                    this.stateInAttributeValueDoubleQuotes(c);
                    break;
                }
                case State.InAttributeName: {
                    this.stateInAttributeName(c);
                    break;
                }
                case State.InCommentLike: {
                    this.stateInCommentLike(c);
                    break;
                }
                case State.InSpecialComment: {
                    this.stateInSpecialComment(c);
                    break;
                }
                case State.BeforeAttributeName: {
                    this.stateBeforeAttributeName(c);
                    break;
                }
                case State.InTagName: {
                    this.stateInTagName(c);
                    break;
                }
                case State.InClosingTagName: {
                    this.stateInClosingTagName(c);
                    break;
                }
                case State.BeforeTagName: {
                    this.stateBeforeTagName(c);
                    break;
                }
                case State.AfterAttributeName: {
                    this.stateAfterAttributeName(c);
                    break;
                }
                case State.InAttributeValueSq: {
                    this.stateInAttributeValueSingleQuotes(c);
                    break;
                }
                case State.BeforeAttributeValue: {
                    this.stateBeforeAttributeValue(c);
                    break;
                }
                case State.BeforeClosingTagName: {
                    this.stateBeforeClosingTagName(c);
                    break;
                }
                case State.AfterClosingTagName: {
                    this.stateAfterClosingTagName(c);
                    break;
                }
                case State.BeforeSpecialS: {
                    this.stateBeforeSpecialS(c);
                    break;
                }
                case State.BeforeSpecialT: {
                    this.stateBeforeSpecialT(c);
                    break;
                }
                case State.InAttributeValueNq: {
                    this.stateInAttributeValueNoQuotes(c);
                    break;
                }
                case State.InSelfClosingTag: {
                    this.stateInSelfClosingTag(c);
                    break;
                }
                case State.InDeclaration: {
                    this.stateInDeclaration(c);
                    break;
                }
                case State.BeforeDeclaration: {
                    this.stateBeforeDeclaration(c);
                    break;
                }
                case State.BeforeComment: {
                    this.stateBeforeComment(c);
                    break;
                }
                case State.InProcessingInstruction: {
                    this.stateInProcessingInstruction(c);
                    break;
                }
                case State.InEntity: {
                    this.stateInEntity();
                    break;
                }
            }
            this.index++;
        }
        this.cleanup();
    }
    finish() {
        if (this.state === State.InEntity) {
            this.entityDecoder.end();
            this.state = this.baseState;
        }
        this.handleTrailingData();
        this.cbs.onend();
    }
    /** Handle any trailing data. */
    handleTrailingData() {
        const endIndex = this.buffer.length + this.offset;
        // If there is no remaining data, we are done.
        if (this.sectionStart >= endIndex) {
            return;
        }
        if (this.state === State.InCommentLike) {
            if (this.currentSequence === Sequences.CdataEnd) {
                this.cbs.oncdata(this.sectionStart, endIndex, 0);
            }
            else {
                this.cbs.oncomment(this.sectionStart, endIndex, 0);
            }
        }
        else if (this.state === State.InTagName ||
            this.state === State.BeforeAttributeName ||
            this.state === State.BeforeAttributeValue ||
            this.state === State.AfterAttributeName ||
            this.state === State.InAttributeName ||
            this.state === State.InAttributeValueSq ||
            this.state === State.InAttributeValueDq ||
            this.state === State.InAttributeValueNq ||
            this.state === State.InClosingTagName) {
            /*
             * If we are currently in an opening or closing tag, us not calling the
             * respective callback signals that the tag should be ignored.
             */
        }
        else {
            this.cbs.ontext(this.sectionStart, endIndex);
        }
    }
    emitCodePoint(cp, consumed) {
        if (this.baseState !== State.Text &&
            this.baseState !== State.InSpecialTag) {
            if (this.sectionStart < this.entityStart) {
                this.cbs.onattribdata(this.sectionStart, this.entityStart);
            }
            this.sectionStart = this.entityStart + consumed;
            this.index = this.sectionStart - 1;
            this.cbs.onattribentity(cp);
        }
        else {
            if (this.sectionStart < this.entityStart) {
                this.cbs.ontext(this.sectionStart, this.entityStart);
            }
            this.sectionStart = this.entityStart + consumed;
            this.index = this.sectionStart - 1;
            this.cbs.ontextentity(cp, this.sectionStart);
        }
    }
}
//# sourceMappingURL=Tokenizer.js.map
;// CONCATENATED MODULE: ./node_modules/htmlparser2/dist/esm/Parser.js


const formTags = new Set([
    "input",
    "option",
    "optgroup",
    "select",
    "button",
    "datalist",
    "textarea",
]);
const pTag = new Set(["p"]);
const tableSectionTags = new Set(["thead", "tbody"]);
const ddtTags = new Set(["dd", "dt"]);
const rtpTags = new Set(["rt", "rp"]);
const openImpliesClose = new Map([
    ["tr", new Set(["tr", "th", "td"])],
    ["th", new Set(["th"])],
    ["td", new Set(["thead", "th", "td"])],
    ["body", new Set(["head", "link", "script"])],
    ["li", new Set(["li"])],
    ["p", pTag],
    ["h1", pTag],
    ["h2", pTag],
    ["h3", pTag],
    ["h4", pTag],
    ["h5", pTag],
    ["h6", pTag],
    ["select", formTags],
    ["input", formTags],
    ["output", formTags],
    ["button", formTags],
    ["datalist", formTags],
    ["textarea", formTags],
    ["option", new Set(["option"])],
    ["optgroup", new Set(["optgroup", "option"])],
    ["dd", ddtTags],
    ["dt", ddtTags],
    ["address", pTag],
    ["article", pTag],
    ["aside", pTag],
    ["blockquote", pTag],
    ["details", pTag],
    ["div", pTag],
    ["dl", pTag],
    ["fieldset", pTag],
    ["figcaption", pTag],
    ["figure", pTag],
    ["footer", pTag],
    ["form", pTag],
    ["header", pTag],
    ["hr", pTag],
    ["main", pTag],
    ["nav", pTag],
    ["ol", pTag],
    ["pre", pTag],
    ["section", pTag],
    ["table", pTag],
    ["ul", pTag],
    ["rt", rtpTags],
    ["rp", rtpTags],
    ["tbody", tableSectionTags],
    ["tfoot", tableSectionTags],
]);
const voidElements = new Set([
    "area",
    "base",
    "basefont",
    "br",
    "col",
    "command",
    "embed",
    "frame",
    "hr",
    "img",
    "input",
    "isindex",
    "keygen",
    "link",
    "meta",
    "param",
    "source",
    "track",
    "wbr",
]);
const foreignContextElements = new Set(["math", "svg"]);
const htmlIntegrationElements = new Set([
    "mi",
    "mo",
    "mn",
    "ms",
    "mtext",
    "annotation-xml",
    "foreignobject",
    "desc",
    "title",
]);
const reNameEnd = /\s|\//;
class Parser_Parser {
    constructor(cbs, options = {}) {
        var _a, _b, _c, _d, _e, _f;
        this.options = options;
        /** The start index of the last event. */
        this.startIndex = 0;
        /** The end index of the last event. */
        this.endIndex = 0;
        /**
         * Store the start index of the current open tag,
         * so we can update the start index for attributes.
         */
        this.openTagStart = 0;
        this.tagname = "";
        this.attribname = "";
        this.attribvalue = "";
        this.attribs = null;
        this.stack = [];
        this.buffers = [];
        this.bufferOffset = 0;
        /** The index of the last written buffer. Used when resuming after a `pause()`. */
        this.writeIndex = 0;
        /** Indicates whether the parser has finished running / `.end` has been called. */
        this.ended = false;
        this.cbs = cbs !== null && cbs !== void 0 ? cbs : {};
        this.htmlMode = !this.options.xmlMode;
        this.lowerCaseTagNames = (_a = options.lowerCaseTags) !== null && _a !== void 0 ? _a : this.htmlMode;
        this.lowerCaseAttributeNames =
            (_b = options.lowerCaseAttributeNames) !== null && _b !== void 0 ? _b : this.htmlMode;
        this.recognizeSelfClosing =
            (_c = options.recognizeSelfClosing) !== null && _c !== void 0 ? _c : !this.htmlMode;
        this.tokenizer = new ((_d = options.Tokenizer) !== null && _d !== void 0 ? _d : Tokenizer)(this.options, this);
        this.foreignContext = [!this.htmlMode];
        (_f = (_e = this.cbs).onparserinit) === null || _f === void 0 ? void 0 : _f.call(_e, this);
    }
    // Tokenizer event handlers
    /** @internal */
    ontext(start, endIndex) {
        var _a, _b;
        const data = this.getSlice(start, endIndex);
        this.endIndex = endIndex - 1;
        (_b = (_a = this.cbs).ontext) === null || _b === void 0 ? void 0 : _b.call(_a, data);
        this.startIndex = endIndex;
    }
    /** @internal */
    ontextentity(cp, endIndex) {
        var _a, _b;
        this.endIndex = endIndex - 1;
        (_b = (_a = this.cbs).ontext) === null || _b === void 0 ? void 0 : _b.call(_a, decode_codepoint_fromCodePoint(cp));
        this.startIndex = endIndex;
    }
    /**
     * Checks if the current tag is a void element. Override this if you want
     * to specify your own additional void elements.
     */
    isVoidElement(name) {
        return this.htmlMode && voidElements.has(name);
    }
    /** @internal */
    onopentagname(start, endIndex) {
        this.endIndex = endIndex;
        let name = this.getSlice(start, endIndex);
        if (this.lowerCaseTagNames) {
            name = name.toLowerCase();
        }
        this.emitOpenTag(name);
    }
    emitOpenTag(name) {
        var _a, _b, _c, _d;
        this.openTagStart = this.startIndex;
        this.tagname = name;
        const impliesClose = this.htmlMode && openImpliesClose.get(name);
        if (impliesClose) {
            while (this.stack.length > 0 && impliesClose.has(this.stack[0])) {
                const element = this.stack.shift();
                (_b = (_a = this.cbs).onclosetag) === null || _b === void 0 ? void 0 : _b.call(_a, element, true);
            }
        }
        if (!this.isVoidElement(name)) {
            this.stack.unshift(name);
            if (this.htmlMode) {
                if (foreignContextElements.has(name)) {
                    this.foreignContext.unshift(true);
                }
                else if (htmlIntegrationElements.has(name)) {
                    this.foreignContext.unshift(false);
                }
            }
        }
        (_d = (_c = this.cbs).onopentagname) === null || _d === void 0 ? void 0 : _d.call(_c, name);
        if (this.cbs.onopentag)
            this.attribs = {};
    }
    endOpenTag(isImplied) {
        var _a, _b;
        this.startIndex = this.openTagStart;
        if (this.attribs) {
            (_b = (_a = this.cbs).onopentag) === null || _b === void 0 ? void 0 : _b.call(_a, this.tagname, this.attribs, isImplied);
            this.attribs = null;
        }
        if (this.cbs.onclosetag && this.isVoidElement(this.tagname)) {
            this.cbs.onclosetag(this.tagname, true);
        }
        this.tagname = "";
    }
    /** @internal */
    onopentagend(endIndex) {
        this.endIndex = endIndex;
        this.endOpenTag(false);
        // Set `startIndex` for next node
        this.startIndex = endIndex + 1;
    }
    /** @internal */
    onclosetag(start, endIndex) {
        var _a, _b, _c, _d, _e, _f, _g, _h;
        this.endIndex = endIndex;
        let name = this.getSlice(start, endIndex);
        if (this.lowerCaseTagNames) {
            name = name.toLowerCase();
        }
        if (this.htmlMode &&
            (foreignContextElements.has(name) ||
                htmlIntegrationElements.has(name))) {
            this.foreignContext.shift();
        }
        if (!this.isVoidElement(name)) {
            const pos = this.stack.indexOf(name);
            if (pos !== -1) {
                for (let index = 0; index <= pos; index++) {
                    const element = this.stack.shift();
                    // We know the stack has sufficient elements.
                    (_b = (_a = this.cbs).onclosetag) === null || _b === void 0 ? void 0 : _b.call(_a, element, index !== pos);
                }
            }
            else if (this.htmlMode && name === "p") {
                // Implicit open before close
                this.emitOpenTag("p");
                this.closeCurrentTag(true);
            }
        }
        else if (this.htmlMode && name === "br") {
            // We can't use `emitOpenTag` for implicit open, as `br` would be implicitly closed.
            (_d = (_c = this.cbs).onopentagname) === null || _d === void 0 ? void 0 : _d.call(_c, "br");
            (_f = (_e = this.cbs).onopentag) === null || _f === void 0 ? void 0 : _f.call(_e, "br", {}, true);
            (_h = (_g = this.cbs).onclosetag) === null || _h === void 0 ? void 0 : _h.call(_g, "br", false);
        }
        // Set `startIndex` for next node
        this.startIndex = endIndex + 1;
    }
    /** @internal */
    onselfclosingtag(endIndex) {
        this.endIndex = endIndex;
        if (this.recognizeSelfClosing || this.foreignContext[0]) {
            this.closeCurrentTag(false);
            // Set `startIndex` for next node
            this.startIndex = endIndex + 1;
        }
        else {
            // Ignore the fact that the tag is self-closing.
            this.onopentagend(endIndex);
        }
    }
    closeCurrentTag(isOpenImplied) {
        var _a, _b;
        const name = this.tagname;
        this.endOpenTag(isOpenImplied);
        // Self-closing tags will be on the top of the stack
        if (this.stack[0] === name) {
            // If the opening tag isn't implied, the closing tag has to be implied.
            (_b = (_a = this.cbs).onclosetag) === null || _b === void 0 ? void 0 : _b.call(_a, name, !isOpenImplied);
            this.stack.shift();
        }
    }
    /** @internal */
    onattribname(start, endIndex) {
        this.startIndex = start;
        const name = this.getSlice(start, endIndex);
        this.attribname = this.lowerCaseAttributeNames
            ? name.toLowerCase()
            : name;
    }
    /** @internal */
    onattribdata(start, endIndex) {
        this.attribvalue += this.getSlice(start, endIndex);
    }
    /** @internal */
    onattribentity(cp) {
        this.attribvalue += decode_codepoint_fromCodePoint(cp);
    }
    /** @internal */
    onattribend(quote, endIndex) {
        var _a, _b;
        this.endIndex = endIndex;
        (_b = (_a = this.cbs).onattribute) === null || _b === void 0 ? void 0 : _b.call(_a, this.attribname, this.attribvalue, quote === QuoteType.Double
            ? '"'
            : quote === QuoteType.Single
                ? "'"
                : quote === QuoteType.NoValue
                    ? undefined
                    : null);
        if (this.attribs &&
            !Object.prototype.hasOwnProperty.call(this.attribs, this.attribname)) {
            this.attribs[this.attribname] = this.attribvalue;
        }
        this.attribvalue = "";
    }
    getInstructionName(value) {
        const index = value.search(reNameEnd);
        let name = index < 0 ? value : value.substr(0, index);
        if (this.lowerCaseTagNames) {
            name = name.toLowerCase();
        }
        return name;
    }
    /** @internal */
    ondeclaration(start, endIndex) {
        this.endIndex = endIndex;
        const value = this.getSlice(start, endIndex);
        if (this.cbs.onprocessinginstruction) {
            const name = this.getInstructionName(value);
            this.cbs.onprocessinginstruction(`!${name}`, `!${value}`);
        }
        // Set `startIndex` for next node
        this.startIndex = endIndex + 1;
    }
    /** @internal */
    onprocessinginstruction(start, endIndex) {
        this.endIndex = endIndex;
        const value = this.getSlice(start, endIndex);
        if (this.cbs.onprocessinginstruction) {
            const name = this.getInstructionName(value);
            this.cbs.onprocessinginstruction(`?${name}`, `?${value}`);
        }
        // Set `startIndex` for next node
        this.startIndex = endIndex + 1;
    }
    /** @internal */
    oncomment(start, endIndex, offset) {
        var _a, _b, _c, _d;
        this.endIndex = endIndex;
        (_b = (_a = this.cbs).oncomment) === null || _b === void 0 ? void 0 : _b.call(_a, this.getSlice(start, endIndex - offset));
        (_d = (_c = this.cbs).oncommentend) === null || _d === void 0 ? void 0 : _d.call(_c);
        // Set `startIndex` for next node
        this.startIndex = endIndex + 1;
    }
    /** @internal */
    oncdata(start, endIndex, offset) {
        var _a, _b, _c, _d, _e, _f, _g, _h, _j, _k;
        this.endIndex = endIndex;
        const value = this.getSlice(start, endIndex - offset);
        if (!this.htmlMode || this.options.recognizeCDATA) {
            (_b = (_a = this.cbs).oncdatastart) === null || _b === void 0 ? void 0 : _b.call(_a);
            (_d = (_c = this.cbs).ontext) === null || _d === void 0 ? void 0 : _d.call(_c, value);
            (_f = (_e = this.cbs).oncdataend) === null || _f === void 0 ? void 0 : _f.call(_e);
        }
        else {
            (_h = (_g = this.cbs).oncomment) === null || _h === void 0 ? void 0 : _h.call(_g, `[CDATA[${value}]]`);
            (_k = (_j = this.cbs).oncommentend) === null || _k === void 0 ? void 0 : _k.call(_j);
        }
        // Set `startIndex` for next node
        this.startIndex = endIndex + 1;
    }
    /** @internal */
    onend() {
        var _a, _b;
        if (this.cbs.onclosetag) {
            // Set the end index for all remaining tags
            this.endIndex = this.startIndex;
            for (let index = 0; index < this.stack.length; index++) {
                this.cbs.onclosetag(this.stack[index], true);
            }
        }
        (_b = (_a = this.cbs).onend) === null || _b === void 0 ? void 0 : _b.call(_a);
    }
    /**
     * Resets the parser to a blank state, ready to parse a new HTML document
     */
    reset() {
        var _a, _b, _c, _d;
        (_b = (_a = this.cbs).onreset) === null || _b === void 0 ? void 0 : _b.call(_a);
        this.tokenizer.reset();
        this.tagname = "";
        this.attribname = "";
        this.attribs = null;
        this.stack.length = 0;
        this.startIndex = 0;
        this.endIndex = 0;
        (_d = (_c = this.cbs).onparserinit) === null || _d === void 0 ? void 0 : _d.call(_c, this);
        this.buffers.length = 0;
        this.foreignContext.length = 0;
        this.foreignContext.unshift(!this.htmlMode);
        this.bufferOffset = 0;
        this.writeIndex = 0;
        this.ended = false;
    }
    /**
     * Resets the parser, then parses a complete document and
     * pushes it to the handler.
     *
     * @param data Document to parse.
     */
    parseComplete(data) {
        this.reset();
        this.end(data);
    }
    getSlice(start, end) {
        while (start - this.bufferOffset >= this.buffers[0].length) {
            this.shiftBuffer();
        }
        let slice = this.buffers[0].slice(start - this.bufferOffset, end - this.bufferOffset);
        while (end - this.bufferOffset > this.buffers[0].length) {
            this.shiftBuffer();
            slice += this.buffers[0].slice(0, end - this.bufferOffset);
        }
        return slice;
    }
    shiftBuffer() {
        this.bufferOffset += this.buffers[0].length;
        this.writeIndex--;
        this.buffers.shift();
    }
    /**
     * Parses a chunk of data and calls the corresponding callbacks.
     *
     * @param chunk Chunk to parse.
     */
    write(chunk) {
        var _a, _b;
        if (this.ended) {
            (_b = (_a = this.cbs).onerror) === null || _b === void 0 ? void 0 : _b.call(_a, new Error(".write() after done!"));
            return;
        }
        this.buffers.push(chunk);
        if (this.tokenizer.running) {
            this.tokenizer.write(chunk);
            this.writeIndex++;
        }
    }
    /**
     * Parses the end of the buffer and clears the stack, calls onend.
     *
     * @param chunk Optional final chunk to parse.
     */
    end(chunk) {
        var _a, _b;
        if (this.ended) {
            (_b = (_a = this.cbs).onerror) === null || _b === void 0 ? void 0 : _b.call(_a, new Error(".end() after done!"));
            return;
        }
        if (chunk)
            this.write(chunk);
        this.ended = true;
        this.tokenizer.end();
    }
    /**
     * Pauses parsing. The parser won't emit events until `resume` is called.
     */
    pause() {
        this.tokenizer.pause();
    }
    /**
     * Resumes parsing after `pause` was called.
     */
    resume() {
        this.tokenizer.resume();
        while (this.tokenizer.running &&
            this.writeIndex < this.buffers.length) {
            this.tokenizer.write(this.buffers[this.writeIndex++]);
        }
        if (this.ended)
            this.tokenizer.end();
    }
    /**
     * Alias of `write`, for backwards compatibility.
     *
     * @param chunk Chunk to parse.
     * @deprecated
     */
    parseChunk(chunk) {
        this.write(chunk);
    }
    /**
     * Alias of `end`, for backwards compatibility.
     *
     * @param chunk Optional final chunk to parse.
     * @deprecated
     */
    done(chunk) {
        this.end(chunk);
    }
}
//# sourceMappingURL=Parser.js.map
;// CONCATENATED MODULE: ./node_modules/domelementtype/lib/esm/index.js
/** Types of elements found in htmlparser2's DOM */
var esm_ElementType;
(function (ElementType) {
    /** Type for the root element of a document */
    ElementType["Root"] = "root";
    /** Type for Text */
    ElementType["Text"] = "text";
    /** Type for <? ... ?> */
    ElementType["Directive"] = "directive";
    /** Type for <!-- ... --> */
    ElementType["Comment"] = "comment";
    /** Type for <script> tags */
    ElementType["Script"] = "script";
    /** Type for <style> tags */
    ElementType["Style"] = "style";
    /** Type for Any tag */
    ElementType["Tag"] = "tag";
    /** Type for <![CDATA[ ... ]]> */
    ElementType["CDATA"] = "cdata";
    /** Type for <!doctype ...> */
    ElementType["Doctype"] = "doctype";
})(esm_ElementType || (esm_ElementType = {}));
/**
 * Tests whether an element is a tag or not.
 *
 * @param elem Element to test
 */
function esm_isTag(elem) {
    return (elem.type === esm_ElementType.Tag ||
        elem.type === esm_ElementType.Script ||
        elem.type === esm_ElementType.Style);
}
// Exports for backwards compatibility
/** Type for the root element of a document */
const Root = esm_ElementType.Root;
/** Type for Text */
const esm_Text = esm_ElementType.Text;
/** Type for <? ... ?> */
const Directive = esm_ElementType.Directive;
/** Type for <!-- ... --> */
const esm_Comment = esm_ElementType.Comment;
/** Type for <script> tags */
const Script = esm_ElementType.Script;
/** Type for <style> tags */
const Style = esm_ElementType.Style;
/** Type for Any tag */
const Tag = esm_ElementType.Tag;
/** Type for <![CDATA[ ... ]]> */
const esm_CDATA = esm_ElementType.CDATA;
/** Type for <!doctype ...> */
const Doctype = esm_ElementType.Doctype;

;// CONCATENATED MODULE: ./node_modules/domhandler/lib/esm/node.js

/**
 * This object will be used as the prototype for Nodes when creating a
 * DOM-Level-1-compliant structure.
 */
class Node {
    constructor() {
        /** Parent of the node */
        this.parent = null;
        /** Previous sibling */
        this.prev = null;
        /** Next sibling */
        this.next = null;
        /** The start index of the node. Requires `withStartIndices` on the handler to be `true. */
        this.startIndex = null;
        /** The end index of the node. Requires `withEndIndices` on the handler to be `true. */
        this.endIndex = null;
    }
    // Read-write aliases for properties
    /**
     * Same as {@link parent}.
     * [DOM spec](https://dom.spec.whatwg.org)-compatible alias.
     */
    get parentNode() {
        return this.parent;
    }
    set parentNode(parent) {
        this.parent = parent;
    }
    /**
     * Same as {@link prev}.
     * [DOM spec](https://dom.spec.whatwg.org)-compatible alias.
     */
    get previousSibling() {
        return this.prev;
    }
    set previousSibling(prev) {
        this.prev = prev;
    }
    /**
     * Same as {@link next}.
     * [DOM spec](https://dom.spec.whatwg.org)-compatible alias.
     */
    get nextSibling() {
        return this.next;
    }
    set nextSibling(next) {
        this.next = next;
    }
    /**
     * Clone this node, and optionally its children.
     *
     * @param recursive Clone child nodes as well.
     * @returns A clone of the node.
     */
    cloneNode(recursive = false) {
        return cloneNode(this, recursive);
    }
}
/**
 * A node that contains some data.
 */
class DataNode extends Node {
    /**
     * @param data The content of the data node
     */
    constructor(data) {
        super();
        this.data = data;
    }
    /**
     * Same as {@link data}.
     * [DOM spec](https://dom.spec.whatwg.org)-compatible alias.
     */
    get nodeValue() {
        return this.data;
    }
    set nodeValue(data) {
        this.data = data;
    }
}
/**
 * Text within the document.
 */
class node_Text extends DataNode {
    constructor() {
        super(...arguments);
        this.type = esm_ElementType.Text;
    }
    get nodeType() {
        return 3;
    }
}
/**
 * Comments within the document.
 */
class node_Comment extends DataNode {
    constructor() {
        super(...arguments);
        this.type = esm_ElementType.Comment;
    }
    get nodeType() {
        return 8;
    }
}
/**
 * Processing instructions, including doc types.
 */
class node_ProcessingInstruction extends DataNode {
    constructor(name, data) {
        super(data);
        this.name = name;
        this.type = esm_ElementType.Directive;
    }
    get nodeType() {
        return 1;
    }
}
/**
 * A `Node` that can have children.
 */
class NodeWithChildren extends Node {
    /**
     * @param children Children of the node. Only certain node types can have children.
     */
    constructor(children) {
        super();
        this.children = children;
    }
    // Aliases
    /** First child of the node. */
    get firstChild() {
        var _a;
        return (_a = this.children[0]) !== null && _a !== void 0 ? _a : null;
    }
    /** Last child of the node. */
    get lastChild() {
        return this.children.length > 0
            ? this.children[this.children.length - 1]
            : null;
    }
    /**
     * Same as {@link children}.
     * [DOM spec](https://dom.spec.whatwg.org)-compatible alias.
     */
    get childNodes() {
        return this.children;
    }
    set childNodes(children) {
        this.children = children;
    }
}
class node_CDATA extends NodeWithChildren {
    constructor() {
        super(...arguments);
        this.type = esm_ElementType.CDATA;
    }
    get nodeType() {
        return 4;
    }
}
/**
 * The root node of the document.
 */
class node_Document extends NodeWithChildren {
    constructor() {
        super(...arguments);
        this.type = esm_ElementType.Root;
    }
    get nodeType() {
        return 9;
    }
}
/**
 * An element within the DOM.
 */
class node_Element extends NodeWithChildren {
    /**
     * @param name Name of the tag, eg. `div`, `span`.
     * @param attribs Object mapping attribute names to attribute values.
     * @param children Children of the node.
     */
    constructor(name, attribs, children = [], type = name === "script"
        ? esm_ElementType.Script
        : name === "style"
            ? esm_ElementType.Style
            : esm_ElementType.Tag) {
        super(children);
        this.name = name;
        this.attribs = attribs;
        this.type = type;
    }
    get nodeType() {
        return 1;
    }
    // DOM Level 1 aliases
    /**
     * Same as {@link name}.
     * [DOM spec](https://dom.spec.whatwg.org)-compatible alias.
     */
    get tagName() {
        return this.name;
    }
    set tagName(name) {
        this.name = name;
    }
    get attributes() {
        return Object.keys(this.attribs).map((name) => {
            var _a, _b;
            return ({
                name,
                value: this.attribs[name],
                namespace: (_a = this["x-attribsNamespace"]) === null || _a === void 0 ? void 0 : _a[name],
                prefix: (_b = this["x-attribsPrefix"]) === null || _b === void 0 ? void 0 : _b[name],
            });
        });
    }
}
/**
 * @param node Node to check.
 * @returns `true` if the node is a `Element`, `false` otherwise.
 */
function node_isTag(node) {
    return esm_isTag(node);
}
/**
 * @param node Node to check.
 * @returns `true` if the node has the type `CDATA`, `false` otherwise.
 */
function node_isCDATA(node) {
    return node.type === esm_ElementType.CDATA;
}
/**
 * @param node Node to check.
 * @returns `true` if the node has the type `Text`, `false` otherwise.
 */
function node_isText(node) {
    return node.type === esm_ElementType.Text;
}
/**
 * @param node Node to check.
 * @returns `true` if the node has the type `Comment`, `false` otherwise.
 */
function node_isComment(node) {
    return node.type === esm_ElementType.Comment;
}
/**
 * @param node Node to check.
 * @returns `true` if the node has the type `ProcessingInstruction`, `false` otherwise.
 */
function isDirective(node) {
    return node.type === esm_ElementType.Directive;
}
/**
 * @param node Node to check.
 * @returns `true` if the node has the type `ProcessingInstruction`, `false` otherwise.
 */
function isDocument(node) {
    return node.type === esm_ElementType.Root;
}
/**
 * @param node Node to check.
 * @returns `true` if the node has children, `false` otherwise.
 */
function node_hasChildren(node) {
    return Object.prototype.hasOwnProperty.call(node, "children");
}
/**
 * Clone a node, and optionally its children.
 *
 * @param recursive Clone child nodes as well.
 * @returns A clone of the node.
 */
function cloneNode(node, recursive = false) {
    let result;
    if (node_isText(node)) {
        result = new node_Text(node.data);
    }
    else if (node_isComment(node)) {
        result = new node_Comment(node.data);
    }
    else if (node_isTag(node)) {
        const children = recursive ? cloneChildren(node.children) : [];
        const clone = new node_Element(node.name, { ...node.attribs }, children);
        children.forEach((child) => (child.parent = clone));
        if (node.namespace != null) {
            clone.namespace = node.namespace;
        }
        if (node["x-attribsNamespace"]) {
            clone["x-attribsNamespace"] = { ...node["x-attribsNamespace"] };
        }
        if (node["x-attribsPrefix"]) {
            clone["x-attribsPrefix"] = { ...node["x-attribsPrefix"] };
        }
        result = clone;
    }
    else if (node_isCDATA(node)) {
        const children = recursive ? cloneChildren(node.children) : [];
        const clone = new node_CDATA(children);
        children.forEach((child) => (child.parent = clone));
        result = clone;
    }
    else if (isDocument(node)) {
        const children = recursive ? cloneChildren(node.children) : [];
        const clone = new node_Document(children);
        children.forEach((child) => (child.parent = clone));
        if (node["x-mode"]) {
            clone["x-mode"] = node["x-mode"];
        }
        result = clone;
    }
    else if (isDirective(node)) {
        const instruction = new node_ProcessingInstruction(node.name, node.data);
        if (node["x-name"] != null) {
            instruction["x-name"] = node["x-name"];
            instruction["x-publicId"] = node["x-publicId"];
            instruction["x-systemId"] = node["x-systemId"];
        }
        result = instruction;
    }
    else {
        throw new Error(`Not implemented yet: ${node.type}`);
    }
    result.startIndex = node.startIndex;
    result.endIndex = node.endIndex;
    if (node.sourceCodeLocation != null) {
        result.sourceCodeLocation = node.sourceCodeLocation;
    }
    return result;
}
function cloneChildren(childs) {
    const children = childs.map((child) => cloneNode(child, true));
    for (let i = 1; i < children.length; i++) {
        children[i].prev = children[i - 1];
        children[i - 1].next = children[i];
    }
    return children;
}

;// CONCATENATED MODULE: ./node_modules/domhandler/lib/esm/index.js



// Default options
const defaultOpts = {
    withStartIndices: false,
    withEndIndices: false,
    xmlMode: false,
};
class esm_DomHandler {
    /**
     * @param callback Called once parsing has completed.
     * @param options Settings for the handler.
     * @param elementCB Callback whenever a tag is closed.
     */
    constructor(callback, options, elementCB) {
        /** The elements of the DOM */
        this.dom = [];
        /** The root element for the DOM */
        this.root = new Document(this.dom);
        /** Indicated whether parsing has been completed. */
        this.done = false;
        /** Stack of open tags. */
        this.tagStack = [this.root];
        /** A data node that is still being written to. */
        this.lastNode = null;
        /** Reference to the parser instance. Used for location information. */
        this.parser = null;
        // Make it possible to skip arguments, for backwards-compatibility
        if (typeof options === "function") {
            elementCB = options;
            options = defaultOpts;
        }
        if (typeof callback === "object") {
            options = callback;
            callback = undefined;
        }
        this.callback = callback !== null && callback !== void 0 ? callback : null;
        this.options = options !== null && options !== void 0 ? options : defaultOpts;
        this.elementCB = elementCB !== null && elementCB !== void 0 ? elementCB : null;
    }
    onparserinit(parser) {
        this.parser = parser;
    }
    // Resets the handler back to starting state
    onreset() {
        this.dom = [];
        this.root = new Document(this.dom);
        this.done = false;
        this.tagStack = [this.root];
        this.lastNode = null;
        this.parser = null;
    }
    // Signals the handler that parsing is done
    onend() {
        if (this.done)
            return;
        this.done = true;
        this.parser = null;
        this.handleCallback(null);
    }
    onerror(error) {
        this.handleCallback(error);
    }
    onclosetag() {
        this.lastNode = null;
        const elem = this.tagStack.pop();
        if (this.options.withEndIndices) {
            elem.endIndex = this.parser.endIndex;
        }
        if (this.elementCB)
            this.elementCB(elem);
    }
    onopentag(name, attribs) {
        const type = this.options.xmlMode ? ElementType.Tag : undefined;
        const element = new Element(name, attribs, undefined, type);
        this.addNode(element);
        this.tagStack.push(element);
    }
    ontext(data) {
        const { lastNode } = this;
        if (lastNode && lastNode.type === ElementType.Text) {
            lastNode.data += data;
            if (this.options.withEndIndices) {
                lastNode.endIndex = this.parser.endIndex;
            }
        }
        else {
            const node = new Text(data);
            this.addNode(node);
            this.lastNode = node;
        }
    }
    oncomment(data) {
        if (this.lastNode && this.lastNode.type === ElementType.Comment) {
            this.lastNode.data += data;
            return;
        }
        const node = new Comment(data);
        this.addNode(node);
        this.lastNode = node;
    }
    oncommentend() {
        this.lastNode = null;
    }
    oncdatastart() {
        const text = new Text("");
        const node = new CDATA([text]);
        this.addNode(node);
        text.parent = node;
        this.lastNode = text;
    }
    oncdataend() {
        this.lastNode = null;
    }
    onprocessinginstruction(name, data) {
        const node = new ProcessingInstruction(name, data);
        this.addNode(node);
    }
    handleCallback(error) {
        if (typeof this.callback === "function") {
            this.callback(error, this.dom);
        }
        else if (error) {
            throw error;
        }
    }
    addNode(node) {
        const parent = this.tagStack[this.tagStack.length - 1];
        const previousSibling = parent.children[parent.children.length - 1];
        if (this.options.withStartIndices) {
            node.startIndex = this.parser.startIndex;
        }
        if (this.options.withEndIndices) {
            node.endIndex = this.parser.endIndex;
        }
        parent.children.push(node);
        if (previousSibling) {
            node.prev = previousSibling;
            previousSibling.next = node;
        }
        node.parent = parent;
        this.lastNode = null;
    }
}
/* harmony default export */ const esm = ((/* unused pure expression or super */ null && (esm_DomHandler)));

;// CONCATENATED MODULE: ./node_modules/dom-serializer/node_modules/entities/lib/esm/generated/decode-data-html.js
// Generated using scripts/write-decode-map.ts
/* harmony default export */ const decode_data_html = (new Uint16Array(
// prettier-ignore
"\u1d41<\xd5\u0131\u028a\u049d\u057b\u05d0\u0675\u06de\u07a2\u07d6\u080f\u0a4a\u0a91\u0da1\u0e6d\u0f09\u0f26\u10ca\u1228\u12e1\u1415\u149d\u14c3\u14df\u1525\0\0\0\0\0\0\u156b\u16cd\u198d\u1c12\u1ddd\u1f7e\u2060\u21b0\u228d\u23c0\u23fb\u2442\u2824\u2912\u2d08\u2e48\u2fce\u3016\u32ba\u3639\u37ac\u38fe\u3a28\u3a71\u3ae0\u3b2e\u0800EMabcfglmnoprstu\\bfms\x7f\x84\x8b\x90\x95\x98\xa6\xb3\xb9\xc8\xcflig\u803b\xc6\u40c6P\u803b&\u4026cute\u803b\xc1\u40c1reve;\u4102\u0100iyx}rc\u803b\xc2\u40c2;\u4410r;\uc000\ud835\udd04rave\u803b\xc0\u40c0pha;\u4391acr;\u4100d;\u6a53\u0100gp\x9d\xa1on;\u4104f;\uc000\ud835\udd38plyFunction;\u6061ing\u803b\xc5\u40c5\u0100cs\xbe\xc3r;\uc000\ud835\udc9cign;\u6254ilde\u803b\xc3\u40c3ml\u803b\xc4\u40c4\u0400aceforsu\xe5\xfb\xfe\u0117\u011c\u0122\u0127\u012a\u0100cr\xea\xf2kslash;\u6216\u0176\xf6\xf8;\u6ae7ed;\u6306y;\u4411\u0180crt\u0105\u010b\u0114ause;\u6235noullis;\u612ca;\u4392r;\uc000\ud835\udd05pf;\uc000\ud835\udd39eve;\u42d8c\xf2\u0113mpeq;\u624e\u0700HOacdefhilorsu\u014d\u0151\u0156\u0180\u019e\u01a2\u01b5\u01b7\u01ba\u01dc\u0215\u0273\u0278\u027ecy;\u4427PY\u803b\xa9\u40a9\u0180cpy\u015d\u0162\u017aute;\u4106\u0100;i\u0167\u0168\u62d2talDifferentialD;\u6145leys;\u612d\u0200aeio\u0189\u018e\u0194\u0198ron;\u410cdil\u803b\xc7\u40c7rc;\u4108nint;\u6230ot;\u410a\u0100dn\u01a7\u01adilla;\u40b8terDot;\u40b7\xf2\u017fi;\u43a7rcle\u0200DMPT\u01c7\u01cb\u01d1\u01d6ot;\u6299inus;\u6296lus;\u6295imes;\u6297o\u0100cs\u01e2\u01f8kwiseContourIntegral;\u6232eCurly\u0100DQ\u0203\u020foubleQuote;\u601duote;\u6019\u0200lnpu\u021e\u0228\u0247\u0255on\u0100;e\u0225\u0226\u6237;\u6a74\u0180git\u022f\u0236\u023aruent;\u6261nt;\u622fourIntegral;\u622e\u0100fr\u024c\u024e;\u6102oduct;\u6210nterClockwiseContourIntegral;\u6233oss;\u6a2fcr;\uc000\ud835\udc9ep\u0100;C\u0284\u0285\u62d3ap;\u624d\u0580DJSZacefios\u02a0\u02ac\u02b0\u02b4\u02b8\u02cb\u02d7\u02e1\u02e6\u0333\u048d\u0100;o\u0179\u02a5trahd;\u6911cy;\u4402cy;\u4405cy;\u440f\u0180grs\u02bf\u02c4\u02c7ger;\u6021r;\u61a1hv;\u6ae4\u0100ay\u02d0\u02d5ron;\u410e;\u4414l\u0100;t\u02dd\u02de\u6207a;\u4394r;\uc000\ud835\udd07\u0100af\u02eb\u0327\u0100cm\u02f0\u0322ritical\u0200ADGT\u0300\u0306\u0316\u031ccute;\u40b4o\u0174\u030b\u030d;\u42d9bleAcute;\u42ddrave;\u4060ilde;\u42dcond;\u62c4ferentialD;\u6146\u0470\u033d\0\0\0\u0342\u0354\0\u0405f;\uc000\ud835\udd3b\u0180;DE\u0348\u0349\u034d\u40a8ot;\u60dcqual;\u6250ble\u0300CDLRUV\u0363\u0372\u0382\u03cf\u03e2\u03f8ontourIntegra\xec\u0239o\u0274\u0379\0\0\u037b\xbb\u0349nArrow;\u61d3\u0100eo\u0387\u03a4ft\u0180ART\u0390\u0396\u03a1rrow;\u61d0ightArrow;\u61d4e\xe5\u02cang\u0100LR\u03ab\u03c4eft\u0100AR\u03b3\u03b9rrow;\u67f8ightArrow;\u67faightArrow;\u67f9ight\u0100AT\u03d8\u03derrow;\u61d2ee;\u62a8p\u0241\u03e9\0\0\u03efrrow;\u61d1ownArrow;\u61d5erticalBar;\u6225n\u0300ABLRTa\u0412\u042a\u0430\u045e\u047f\u037crrow\u0180;BU\u041d\u041e\u0422\u6193ar;\u6913pArrow;\u61f5reve;\u4311eft\u02d2\u043a\0\u0446\0\u0450ightVector;\u6950eeVector;\u695eector\u0100;B\u0459\u045a\u61bdar;\u6956ight\u01d4\u0467\0\u0471eeVector;\u695fector\u0100;B\u047a\u047b\u61c1ar;\u6957ee\u0100;A\u0486\u0487\u62a4rrow;\u61a7\u0100ct\u0492\u0497r;\uc000\ud835\udc9frok;\u4110\u0800NTacdfglmopqstux\u04bd\u04c0\u04c4\u04cb\u04de\u04e2\u04e7\u04ee\u04f5\u0521\u052f\u0536\u0552\u055d\u0560\u0565G;\u414aH\u803b\xd0\u40d0cute\u803b\xc9\u40c9\u0180aiy\u04d2\u04d7\u04dcron;\u411arc\u803b\xca\u40ca;\u442dot;\u4116r;\uc000\ud835\udd08rave\u803b\xc8\u40c8ement;\u6208\u0100ap\u04fa\u04fecr;\u4112ty\u0253\u0506\0\0\u0512mallSquare;\u65fberySmallSquare;\u65ab\u0100gp\u0526\u052aon;\u4118f;\uc000\ud835\udd3csilon;\u4395u\u0100ai\u053c\u0549l\u0100;T\u0542\u0543\u6a75ilde;\u6242librium;\u61cc\u0100ci\u0557\u055ar;\u6130m;\u6a73a;\u4397ml\u803b\xcb\u40cb\u0100ip\u056a\u056fsts;\u6203onentialE;\u6147\u0280cfios\u0585\u0588\u058d\u05b2\u05ccy;\u4424r;\uc000\ud835\udd09lled\u0253\u0597\0\0\u05a3mallSquare;\u65fcerySmallSquare;\u65aa\u0370\u05ba\0\u05bf\0\0\u05c4f;\uc000\ud835\udd3dAll;\u6200riertrf;\u6131c\xf2\u05cb\u0600JTabcdfgorst\u05e8\u05ec\u05ef\u05fa\u0600\u0612\u0616\u061b\u061d\u0623\u066c\u0672cy;\u4403\u803b>\u403emma\u0100;d\u05f7\u05f8\u4393;\u43dcreve;\u411e\u0180eiy\u0607\u060c\u0610dil;\u4122rc;\u411c;\u4413ot;\u4120r;\uc000\ud835\udd0a;\u62d9pf;\uc000\ud835\udd3eeater\u0300EFGLST\u0635\u0644\u064e\u0656\u065b\u0666qual\u0100;L\u063e\u063f\u6265ess;\u62dbullEqual;\u6267reater;\u6aa2ess;\u6277lantEqual;\u6a7eilde;\u6273cr;\uc000\ud835\udca2;\u626b\u0400Aacfiosu\u0685\u068b\u0696\u069b\u069e\u06aa\u06be\u06caRDcy;\u442a\u0100ct\u0690\u0694ek;\u42c7;\u405eirc;\u4124r;\u610clbertSpace;\u610b\u01f0\u06af\0\u06b2f;\u610dizontalLine;\u6500\u0100ct\u06c3\u06c5\xf2\u06a9rok;\u4126mp\u0144\u06d0\u06d8ownHum\xf0\u012fqual;\u624f\u0700EJOacdfgmnostu\u06fa\u06fe\u0703\u0707\u070e\u071a\u071e\u0721\u0728\u0744\u0778\u078b\u078f\u0795cy;\u4415lig;\u4132cy;\u4401cute\u803b\xcd\u40cd\u0100iy\u0713\u0718rc\u803b\xce\u40ce;\u4418ot;\u4130r;\u6111rave\u803b\xcc\u40cc\u0180;ap\u0720\u072f\u073f\u0100cg\u0734\u0737r;\u412ainaryI;\u6148lie\xf3\u03dd\u01f4\u0749\0\u0762\u0100;e\u074d\u074e\u622c\u0100gr\u0753\u0758ral;\u622bsection;\u62c2isible\u0100CT\u076c\u0772omma;\u6063imes;\u6062\u0180gpt\u077f\u0783\u0788on;\u412ef;\uc000\ud835\udd40a;\u4399cr;\u6110ilde;\u4128\u01eb\u079a\0\u079ecy;\u4406l\u803b\xcf\u40cf\u0280cfosu\u07ac\u07b7\u07bc\u07c2\u07d0\u0100iy\u07b1\u07b5rc;\u4134;\u4419r;\uc000\ud835\udd0dpf;\uc000\ud835\udd41\u01e3\u07c7\0\u07ccr;\uc000\ud835\udca5rcy;\u4408kcy;\u4404\u0380HJacfos\u07e4\u07e8\u07ec\u07f1\u07fd\u0802\u0808cy;\u4425cy;\u440cppa;\u439a\u0100ey\u07f6\u07fbdil;\u4136;\u441ar;\uc000\ud835\udd0epf;\uc000\ud835\udd42cr;\uc000\ud835\udca6\u0580JTaceflmost\u0825\u0829\u082c\u0850\u0863\u09b3\u09b8\u09c7\u09cd\u0a37\u0a47cy;\u4409\u803b<\u403c\u0280cmnpr\u0837\u083c\u0841\u0844\u084dute;\u4139bda;\u439bg;\u67ealacetrf;\u6112r;\u619e\u0180aey\u0857\u085c\u0861ron;\u413ddil;\u413b;\u441b\u0100fs\u0868\u0970t\u0500ACDFRTUVar\u087e\u08a9\u08b1\u08e0\u08e6\u08fc\u092f\u095b\u0390\u096a\u0100nr\u0883\u088fgleBracket;\u67e8row\u0180;BR\u0899\u089a\u089e\u6190ar;\u61e4ightArrow;\u61c6eiling;\u6308o\u01f5\u08b7\0\u08c3bleBracket;\u67e6n\u01d4\u08c8\0\u08d2eeVector;\u6961ector\u0100;B\u08db\u08dc\u61c3ar;\u6959loor;\u630aight\u0100AV\u08ef\u08f5rrow;\u6194ector;\u694e\u0100er\u0901\u0917e\u0180;AV\u0909\u090a\u0910\u62a3rrow;\u61a4ector;\u695aiangle\u0180;BE\u0924\u0925\u0929\u62b2ar;\u69cfqual;\u62b4p\u0180DTV\u0937\u0942\u094cownVector;\u6951eeVector;\u6960ector\u0100;B\u0956\u0957\u61bfar;\u6958ector\u0100;B\u0965\u0966\u61bcar;\u6952ight\xe1\u039cs\u0300EFGLST\u097e\u098b\u0995\u099d\u09a2\u09adqualGreater;\u62daullEqual;\u6266reater;\u6276ess;\u6aa1lantEqual;\u6a7dilde;\u6272r;\uc000\ud835\udd0f\u0100;e\u09bd\u09be\u62d8ftarrow;\u61daidot;\u413f\u0180npw\u09d4\u0a16\u0a1bg\u0200LRlr\u09de\u09f7\u0a02\u0a10eft\u0100AR\u09e6\u09ecrrow;\u67f5ightArrow;\u67f7ightArrow;\u67f6eft\u0100ar\u03b3\u0a0aight\xe1\u03bfight\xe1\u03caf;\uc000\ud835\udd43er\u0100LR\u0a22\u0a2ceftArrow;\u6199ightArrow;\u6198\u0180cht\u0a3e\u0a40\u0a42\xf2\u084c;\u61b0rok;\u4141;\u626a\u0400acefiosu\u0a5a\u0a5d\u0a60\u0a77\u0a7c\u0a85\u0a8b\u0a8ep;\u6905y;\u441c\u0100dl\u0a65\u0a6fiumSpace;\u605flintrf;\u6133r;\uc000\ud835\udd10nusPlus;\u6213pf;\uc000\ud835\udd44c\xf2\u0a76;\u439c\u0480Jacefostu\u0aa3\u0aa7\u0aad\u0ac0\u0b14\u0b19\u0d91\u0d97\u0d9ecy;\u440acute;\u4143\u0180aey\u0ab4\u0ab9\u0aberon;\u4147dil;\u4145;\u441d\u0180gsw\u0ac7\u0af0\u0b0eative\u0180MTV\u0ad3\u0adf\u0ae8ediumSpace;\u600bhi\u0100cn\u0ae6\u0ad8\xeb\u0ad9eryThi\xee\u0ad9ted\u0100GL\u0af8\u0b06reaterGreate\xf2\u0673essLes\xf3\u0a48Line;\u400ar;\uc000\ud835\udd11\u0200Bnpt\u0b22\u0b28\u0b37\u0b3areak;\u6060BreakingSpace;\u40a0f;\u6115\u0680;CDEGHLNPRSTV\u0b55\u0b56\u0b6a\u0b7c\u0ba1\u0beb\u0c04\u0c5e\u0c84\u0ca6\u0cd8\u0d61\u0d85\u6aec\u0100ou\u0b5b\u0b64ngruent;\u6262pCap;\u626doubleVerticalBar;\u6226\u0180lqx\u0b83\u0b8a\u0b9bement;\u6209ual\u0100;T\u0b92\u0b93\u6260ilde;\uc000\u2242\u0338ists;\u6204reater\u0380;EFGLST\u0bb6\u0bb7\u0bbd\u0bc9\u0bd3\u0bd8\u0be5\u626fqual;\u6271ullEqual;\uc000\u2267\u0338reater;\uc000\u226b\u0338ess;\u6279lantEqual;\uc000\u2a7e\u0338ilde;\u6275ump\u0144\u0bf2\u0bfdownHump;\uc000\u224e\u0338qual;\uc000\u224f\u0338e\u0100fs\u0c0a\u0c27tTriangle\u0180;BE\u0c1a\u0c1b\u0c21\u62eaar;\uc000\u29cf\u0338qual;\u62ecs\u0300;EGLST\u0c35\u0c36\u0c3c\u0c44\u0c4b\u0c58\u626equal;\u6270reater;\u6278ess;\uc000\u226a\u0338lantEqual;\uc000\u2a7d\u0338ilde;\u6274ested\u0100GL\u0c68\u0c79reaterGreater;\uc000\u2aa2\u0338essLess;\uc000\u2aa1\u0338recedes\u0180;ES\u0c92\u0c93\u0c9b\u6280qual;\uc000\u2aaf\u0338lantEqual;\u62e0\u0100ei\u0cab\u0cb9verseElement;\u620cghtTriangle\u0180;BE\u0ccb\u0ccc\u0cd2\u62ebar;\uc000\u29d0\u0338qual;\u62ed\u0100qu\u0cdd\u0d0cuareSu\u0100bp\u0ce8\u0cf9set\u0100;E\u0cf0\u0cf3\uc000\u228f\u0338qual;\u62e2erset\u0100;E\u0d03\u0d06\uc000\u2290\u0338qual;\u62e3\u0180bcp\u0d13\u0d24\u0d4eset\u0100;E\u0d1b\u0d1e\uc000\u2282\u20d2qual;\u6288ceeds\u0200;EST\u0d32\u0d33\u0d3b\u0d46\u6281qual;\uc000\u2ab0\u0338lantEqual;\u62e1ilde;\uc000\u227f\u0338erset\u0100;E\u0d58\u0d5b\uc000\u2283\u20d2qual;\u6289ilde\u0200;EFT\u0d6e\u0d6f\u0d75\u0d7f\u6241qual;\u6244ullEqual;\u6247ilde;\u6249erticalBar;\u6224cr;\uc000\ud835\udca9ilde\u803b\xd1\u40d1;\u439d\u0700Eacdfgmoprstuv\u0dbd\u0dc2\u0dc9\u0dd5\u0ddb\u0de0\u0de7\u0dfc\u0e02\u0e20\u0e22\u0e32\u0e3f\u0e44lig;\u4152cute\u803b\xd3\u40d3\u0100iy\u0dce\u0dd3rc\u803b\xd4\u40d4;\u441eblac;\u4150r;\uc000\ud835\udd12rave\u803b\xd2\u40d2\u0180aei\u0dee\u0df2\u0df6cr;\u414cga;\u43a9cron;\u439fpf;\uc000\ud835\udd46enCurly\u0100DQ\u0e0e\u0e1aoubleQuote;\u601cuote;\u6018;\u6a54\u0100cl\u0e27\u0e2cr;\uc000\ud835\udcaaash\u803b\xd8\u40d8i\u016c\u0e37\u0e3cde\u803b\xd5\u40d5es;\u6a37ml\u803b\xd6\u40d6er\u0100BP\u0e4b\u0e60\u0100ar\u0e50\u0e53r;\u603eac\u0100ek\u0e5a\u0e5c;\u63deet;\u63b4arenthesis;\u63dc\u0480acfhilors\u0e7f\u0e87\u0e8a\u0e8f\u0e92\u0e94\u0e9d\u0eb0\u0efcrtialD;\u6202y;\u441fr;\uc000\ud835\udd13i;\u43a6;\u43a0usMinus;\u40b1\u0100ip\u0ea2\u0eadncareplan\xe5\u069df;\u6119\u0200;eio\u0eb9\u0eba\u0ee0\u0ee4\u6abbcedes\u0200;EST\u0ec8\u0ec9\u0ecf\u0eda\u627aqual;\u6aaflantEqual;\u627cilde;\u627eme;\u6033\u0100dp\u0ee9\u0eeeuct;\u620fortion\u0100;a\u0225\u0ef9l;\u621d\u0100ci\u0f01\u0f06r;\uc000\ud835\udcab;\u43a8\u0200Ufos\u0f11\u0f16\u0f1b\u0f1fOT\u803b\"\u4022r;\uc000\ud835\udd14pf;\u611acr;\uc000\ud835\udcac\u0600BEacefhiorsu\u0f3e\u0f43\u0f47\u0f60\u0f73\u0fa7\u0faa\u0fad\u1096\u10a9\u10b4\u10bearr;\u6910G\u803b\xae\u40ae\u0180cnr\u0f4e\u0f53\u0f56ute;\u4154g;\u67ebr\u0100;t\u0f5c\u0f5d\u61a0l;\u6916\u0180aey\u0f67\u0f6c\u0f71ron;\u4158dil;\u4156;\u4420\u0100;v\u0f78\u0f79\u611cerse\u0100EU\u0f82\u0f99\u0100lq\u0f87\u0f8eement;\u620builibrium;\u61cbpEquilibrium;\u696fr\xbb\u0f79o;\u43a1ght\u0400ACDFTUVa\u0fc1\u0feb\u0ff3\u1022\u1028\u105b\u1087\u03d8\u0100nr\u0fc6\u0fd2gleBracket;\u67e9row\u0180;BL\u0fdc\u0fdd\u0fe1\u6192ar;\u61e5eftArrow;\u61c4eiling;\u6309o\u01f5\u0ff9\0\u1005bleBracket;\u67e7n\u01d4\u100a\0\u1014eeVector;\u695dector\u0100;B\u101d\u101e\u61c2ar;\u6955loor;\u630b\u0100er\u102d\u1043e\u0180;AV\u1035\u1036\u103c\u62a2rrow;\u61a6ector;\u695biangle\u0180;BE\u1050\u1051\u1055\u62b3ar;\u69d0qual;\u62b5p\u0180DTV\u1063\u106e\u1078ownVector;\u694feeVector;\u695cector\u0100;B\u1082\u1083\u61bear;\u6954ector\u0100;B\u1091\u1092\u61c0ar;\u6953\u0100pu\u109b\u109ef;\u611dndImplies;\u6970ightarrow;\u61db\u0100ch\u10b9\u10bcr;\u611b;\u61b1leDelayed;\u69f4\u0680HOacfhimoqstu\u10e4\u10f1\u10f7\u10fd\u1119\u111e\u1151\u1156\u1161\u1167\u11b5\u11bb\u11bf\u0100Cc\u10e9\u10eeHcy;\u4429y;\u4428FTcy;\u442ccute;\u415a\u0280;aeiy\u1108\u1109\u110e\u1113\u1117\u6abcron;\u4160dil;\u415erc;\u415c;\u4421r;\uc000\ud835\udd16ort\u0200DLRU\u112a\u1134\u113e\u1149ownArrow\xbb\u041eeftArrow\xbb\u089aightArrow\xbb\u0fddpArrow;\u6191gma;\u43a3allCircle;\u6218pf;\uc000\ud835\udd4a\u0272\u116d\0\0\u1170t;\u621aare\u0200;ISU\u117b\u117c\u1189\u11af\u65a1ntersection;\u6293u\u0100bp\u118f\u119eset\u0100;E\u1197\u1198\u628fqual;\u6291erset\u0100;E\u11a8\u11a9\u6290qual;\u6292nion;\u6294cr;\uc000\ud835\udcaear;\u62c6\u0200bcmp\u11c8\u11db\u1209\u120b\u0100;s\u11cd\u11ce\u62d0et\u0100;E\u11cd\u11d5qual;\u6286\u0100ch\u11e0\u1205eeds\u0200;EST\u11ed\u11ee\u11f4\u11ff\u627bqual;\u6ab0lantEqual;\u627dilde;\u627fTh\xe1\u0f8c;\u6211\u0180;es\u1212\u1213\u1223\u62d1rset\u0100;E\u121c\u121d\u6283qual;\u6287et\xbb\u1213\u0580HRSacfhiors\u123e\u1244\u1249\u1255\u125e\u1271\u1276\u129f\u12c2\u12c8\u12d1ORN\u803b\xde\u40deADE;\u6122\u0100Hc\u124e\u1252cy;\u440by;\u4426\u0100bu\u125a\u125c;\u4009;\u43a4\u0180aey\u1265\u126a\u126fron;\u4164dil;\u4162;\u4422r;\uc000\ud835\udd17\u0100ei\u127b\u1289\u01f2\u1280\0\u1287efore;\u6234a;\u4398\u0100cn\u128e\u1298kSpace;\uc000\u205f\u200aSpace;\u6009lde\u0200;EFT\u12ab\u12ac\u12b2\u12bc\u623cqual;\u6243ullEqual;\u6245ilde;\u6248pf;\uc000\ud835\udd4bipleDot;\u60db\u0100ct\u12d6\u12dbr;\uc000\ud835\udcafrok;\u4166\u0ae1\u12f7\u130e\u131a\u1326\0\u132c\u1331\0\0\0\0\0\u1338\u133d\u1377\u1385\0\u13ff\u1404\u140a\u1410\u0100cr\u12fb\u1301ute\u803b\xda\u40dar\u0100;o\u1307\u1308\u619fcir;\u6949r\u01e3\u1313\0\u1316y;\u440eve;\u416c\u0100iy\u131e\u1323rc\u803b\xdb\u40db;\u4423blac;\u4170r;\uc000\ud835\udd18rave\u803b\xd9\u40d9acr;\u416a\u0100di\u1341\u1369er\u0100BP\u1348\u135d\u0100ar\u134d\u1350r;\u405fac\u0100ek\u1357\u1359;\u63dfet;\u63b5arenthesis;\u63ddon\u0100;P\u1370\u1371\u62c3lus;\u628e\u0100gp\u137b\u137fon;\u4172f;\uc000\ud835\udd4c\u0400ADETadps\u1395\u13ae\u13b8\u13c4\u03e8\u13d2\u13d7\u13f3rrow\u0180;BD\u1150\u13a0\u13a4ar;\u6912ownArrow;\u61c5ownArrow;\u6195quilibrium;\u696eee\u0100;A\u13cb\u13cc\u62a5rrow;\u61a5own\xe1\u03f3er\u0100LR\u13de\u13e8eftArrow;\u6196ightArrow;\u6197i\u0100;l\u13f9\u13fa\u43d2on;\u43a5ing;\u416ecr;\uc000\ud835\udcb0ilde;\u4168ml\u803b\xdc\u40dc\u0480Dbcdefosv\u1427\u142c\u1430\u1433\u143e\u1485\u148a\u1490\u1496ash;\u62abar;\u6aeby;\u4412ash\u0100;l\u143b\u143c\u62a9;\u6ae6\u0100er\u1443\u1445;\u62c1\u0180bty\u144c\u1450\u147aar;\u6016\u0100;i\u144f\u1455cal\u0200BLST\u1461\u1465\u146a\u1474ar;\u6223ine;\u407ceparator;\u6758ilde;\u6240ThinSpace;\u600ar;\uc000\ud835\udd19pf;\uc000\ud835\udd4dcr;\uc000\ud835\udcb1dash;\u62aa\u0280cefos\u14a7\u14ac\u14b1\u14b6\u14bcirc;\u4174dge;\u62c0r;\uc000\ud835\udd1apf;\uc000\ud835\udd4ecr;\uc000\ud835\udcb2\u0200fios\u14cb\u14d0\u14d2\u14d8r;\uc000\ud835\udd1b;\u439epf;\uc000\ud835\udd4fcr;\uc000\ud835\udcb3\u0480AIUacfosu\u14f1\u14f5\u14f9\u14fd\u1504\u150f\u1514\u151a\u1520cy;\u442fcy;\u4407cy;\u442ecute\u803b\xdd\u40dd\u0100iy\u1509\u150drc;\u4176;\u442br;\uc000\ud835\udd1cpf;\uc000\ud835\udd50cr;\uc000\ud835\udcb4ml;\u4178\u0400Hacdefos\u1535\u1539\u153f\u154b\u154f\u155d\u1560\u1564cy;\u4416cute;\u4179\u0100ay\u1544\u1549ron;\u417d;\u4417ot;\u417b\u01f2\u1554\0\u155boWidt\xe8\u0ad9a;\u4396r;\u6128pf;\u6124cr;\uc000\ud835\udcb5\u0be1\u1583\u158a\u1590\0\u15b0\u15b6\u15bf\0\0\0\0\u15c6\u15db\u15eb\u165f\u166d\0\u1695\u169b\u16b2\u16b9\0\u16becute\u803b\xe1\u40e1reve;\u4103\u0300;Ediuy\u159c\u159d\u15a1\u15a3\u15a8\u15ad\u623e;\uc000\u223e\u0333;\u623frc\u803b\xe2\u40e2te\u80bb\xb4\u0306;\u4430lig\u803b\xe6\u40e6\u0100;r\xb2\u15ba;\uc000\ud835\udd1erave\u803b\xe0\u40e0\u0100ep\u15ca\u15d6\u0100fp\u15cf\u15d4sym;\u6135\xe8\u15d3ha;\u43b1\u0100ap\u15dfc\u0100cl\u15e4\u15e7r;\u4101g;\u6a3f\u0264\u15f0\0\0\u160a\u0280;adsv\u15fa\u15fb\u15ff\u1601\u1607\u6227nd;\u6a55;\u6a5clope;\u6a58;\u6a5a\u0380;elmrsz\u1618\u1619\u161b\u161e\u163f\u164f\u1659\u6220;\u69a4e\xbb\u1619sd\u0100;a\u1625\u1626\u6221\u0461\u1630\u1632\u1634\u1636\u1638\u163a\u163c\u163e;\u69a8;\u69a9;\u69aa;\u69ab;\u69ac;\u69ad;\u69ae;\u69aft\u0100;v\u1645\u1646\u621fb\u0100;d\u164c\u164d\u62be;\u699d\u0100pt\u1654\u1657h;\u6222\xbb\xb9arr;\u637c\u0100gp\u1663\u1667on;\u4105f;\uc000\ud835\udd52\u0380;Eaeiop\u12c1\u167b\u167d\u1682\u1684\u1687\u168a;\u6a70cir;\u6a6f;\u624ad;\u624bs;\u4027rox\u0100;e\u12c1\u1692\xf1\u1683ing\u803b\xe5\u40e5\u0180cty\u16a1\u16a6\u16a8r;\uc000\ud835\udcb6;\u402amp\u0100;e\u12c1\u16af\xf1\u0288ilde\u803b\xe3\u40e3ml\u803b\xe4\u40e4\u0100ci\u16c2\u16c8onin\xf4\u0272nt;\u6a11\u0800Nabcdefiklnoprsu\u16ed\u16f1\u1730\u173c\u1743\u1748\u1778\u177d\u17e0\u17e6\u1839\u1850\u170d\u193d\u1948\u1970ot;\u6aed\u0100cr\u16f6\u171ek\u0200ceps\u1700\u1705\u170d\u1713ong;\u624cpsilon;\u43f6rime;\u6035im\u0100;e\u171a\u171b\u623dq;\u62cd\u0176\u1722\u1726ee;\u62bded\u0100;g\u172c\u172d\u6305e\xbb\u172drk\u0100;t\u135c\u1737brk;\u63b6\u0100oy\u1701\u1741;\u4431quo;\u601e\u0280cmprt\u1753\u175b\u1761\u1764\u1768aus\u0100;e\u010a\u0109ptyv;\u69b0s\xe9\u170cno\xf5\u0113\u0180ahw\u176f\u1771\u1773;\u43b2;\u6136een;\u626cr;\uc000\ud835\udd1fg\u0380costuvw\u178d\u179d\u17b3\u17c1\u17d5\u17db\u17de\u0180aiu\u1794\u1796\u179a\xf0\u0760rc;\u65efp\xbb\u1371\u0180dpt\u17a4\u17a8\u17adot;\u6a00lus;\u6a01imes;\u6a02\u0271\u17b9\0\0\u17becup;\u6a06ar;\u6605riangle\u0100du\u17cd\u17d2own;\u65bdp;\u65b3plus;\u6a04e\xe5\u1444\xe5\u14adarow;\u690d\u0180ako\u17ed\u1826\u1835\u0100cn\u17f2\u1823k\u0180lst\u17fa\u05ab\u1802ozenge;\u69ebriangle\u0200;dlr\u1812\u1813\u1818\u181d\u65b4own;\u65beeft;\u65c2ight;\u65b8k;\u6423\u01b1\u182b\0\u1833\u01b2\u182f\0\u1831;\u6592;\u65914;\u6593ck;\u6588\u0100eo\u183e\u184d\u0100;q\u1843\u1846\uc000=\u20e5uiv;\uc000\u2261\u20e5t;\u6310\u0200ptwx\u1859\u185e\u1867\u186cf;\uc000\ud835\udd53\u0100;t\u13cb\u1863om\xbb\u13cctie;\u62c8\u0600DHUVbdhmptuv\u1885\u1896\u18aa\u18bb\u18d7\u18db\u18ec\u18ff\u1905\u190a\u1910\u1921\u0200LRlr\u188e\u1890\u1892\u1894;\u6557;\u6554;\u6556;\u6553\u0280;DUdu\u18a1\u18a2\u18a4\u18a6\u18a8\u6550;\u6566;\u6569;\u6564;\u6567\u0200LRlr\u18b3\u18b5\u18b7\u18b9;\u655d;\u655a;\u655c;\u6559\u0380;HLRhlr\u18ca\u18cb\u18cd\u18cf\u18d1\u18d3\u18d5\u6551;\u656c;\u6563;\u6560;\u656b;\u6562;\u655fox;\u69c9\u0200LRlr\u18e4\u18e6\u18e8\u18ea;\u6555;\u6552;\u6510;\u650c\u0280;DUdu\u06bd\u18f7\u18f9\u18fb\u18fd;\u6565;\u6568;\u652c;\u6534inus;\u629flus;\u629eimes;\u62a0\u0200LRlr\u1919\u191b\u191d\u191f;\u655b;\u6558;\u6518;\u6514\u0380;HLRhlr\u1930\u1931\u1933\u1935\u1937\u1939\u193b\u6502;\u656a;\u6561;\u655e;\u653c;\u6524;\u651c\u0100ev\u0123\u1942bar\u803b\xa6\u40a6\u0200ceio\u1951\u1956\u195a\u1960r;\uc000\ud835\udcb7mi;\u604fm\u0100;e\u171a\u171cl\u0180;bh\u1968\u1969\u196b\u405c;\u69c5sub;\u67c8\u016c\u1974\u197el\u0100;e\u1979\u197a\u6022t\xbb\u197ap\u0180;Ee\u012f\u1985\u1987;\u6aae\u0100;q\u06dc\u06db\u0ce1\u19a7\0\u19e8\u1a11\u1a15\u1a32\0\u1a37\u1a50\0\0\u1ab4\0\0\u1ac1\0\0\u1b21\u1b2e\u1b4d\u1b52\0\u1bfd\0\u1c0c\u0180cpr\u19ad\u19b2\u19ddute;\u4107\u0300;abcds\u19bf\u19c0\u19c4\u19ca\u19d5\u19d9\u6229nd;\u6a44rcup;\u6a49\u0100au\u19cf\u19d2p;\u6a4bp;\u6a47ot;\u6a40;\uc000\u2229\ufe00\u0100eo\u19e2\u19e5t;\u6041\xee\u0693\u0200aeiu\u19f0\u19fb\u1a01\u1a05\u01f0\u19f5\0\u19f8s;\u6a4don;\u410ddil\u803b\xe7\u40e7rc;\u4109ps\u0100;s\u1a0c\u1a0d\u6a4cm;\u6a50ot;\u410b\u0180dmn\u1a1b\u1a20\u1a26il\u80bb\xb8\u01adptyv;\u69b2t\u8100\xa2;e\u1a2d\u1a2e\u40a2r\xe4\u01b2r;\uc000\ud835\udd20\u0180cei\u1a3d\u1a40\u1a4dy;\u4447ck\u0100;m\u1a47\u1a48\u6713ark\xbb\u1a48;\u43c7r\u0380;Ecefms\u1a5f\u1a60\u1a62\u1a6b\u1aa4\u1aaa\u1aae\u65cb;\u69c3\u0180;el\u1a69\u1a6a\u1a6d\u42c6q;\u6257e\u0261\u1a74\0\0\u1a88rrow\u0100lr\u1a7c\u1a81eft;\u61baight;\u61bb\u0280RSacd\u1a92\u1a94\u1a96\u1a9a\u1a9f\xbb\u0f47;\u64c8st;\u629birc;\u629aash;\u629dnint;\u6a10id;\u6aefcir;\u69c2ubs\u0100;u\u1abb\u1abc\u6663it\xbb\u1abc\u02ec\u1ac7\u1ad4\u1afa\0\u1b0aon\u0100;e\u1acd\u1ace\u403a\u0100;q\xc7\xc6\u026d\u1ad9\0\0\u1ae2a\u0100;t\u1ade\u1adf\u402c;\u4040\u0180;fl\u1ae8\u1ae9\u1aeb\u6201\xee\u1160e\u0100mx\u1af1\u1af6ent\xbb\u1ae9e\xf3\u024d\u01e7\u1afe\0\u1b07\u0100;d\u12bb\u1b02ot;\u6a6dn\xf4\u0246\u0180fry\u1b10\u1b14\u1b17;\uc000\ud835\udd54o\xe4\u0254\u8100\xa9;s\u0155\u1b1dr;\u6117\u0100ao\u1b25\u1b29rr;\u61b5ss;\u6717\u0100cu\u1b32\u1b37r;\uc000\ud835\udcb8\u0100bp\u1b3c\u1b44\u0100;e\u1b41\u1b42\u6acf;\u6ad1\u0100;e\u1b49\u1b4a\u6ad0;\u6ad2dot;\u62ef\u0380delprvw\u1b60\u1b6c\u1b77\u1b82\u1bac\u1bd4\u1bf9arr\u0100lr\u1b68\u1b6a;\u6938;\u6935\u0270\u1b72\0\0\u1b75r;\u62dec;\u62dfarr\u0100;p\u1b7f\u1b80\u61b6;\u693d\u0300;bcdos\u1b8f\u1b90\u1b96\u1ba1\u1ba5\u1ba8\u622arcap;\u6a48\u0100au\u1b9b\u1b9ep;\u6a46p;\u6a4aot;\u628dr;\u6a45;\uc000\u222a\ufe00\u0200alrv\u1bb5\u1bbf\u1bde\u1be3rr\u0100;m\u1bbc\u1bbd\u61b7;\u693cy\u0180evw\u1bc7\u1bd4\u1bd8q\u0270\u1bce\0\0\u1bd2re\xe3\u1b73u\xe3\u1b75ee;\u62ceedge;\u62cfen\u803b\xa4\u40a4earrow\u0100lr\u1bee\u1bf3eft\xbb\u1b80ight\xbb\u1bbde\xe4\u1bdd\u0100ci\u1c01\u1c07onin\xf4\u01f7nt;\u6231lcty;\u632d\u0980AHabcdefhijlorstuwz\u1c38\u1c3b\u1c3f\u1c5d\u1c69\u1c75\u1c8a\u1c9e\u1cac\u1cb7\u1cfb\u1cff\u1d0d\u1d7b\u1d91\u1dab\u1dbb\u1dc6\u1dcdr\xf2\u0381ar;\u6965\u0200glrs\u1c48\u1c4d\u1c52\u1c54ger;\u6020eth;\u6138\xf2\u1133h\u0100;v\u1c5a\u1c5b\u6010\xbb\u090a\u016b\u1c61\u1c67arow;\u690fa\xe3\u0315\u0100ay\u1c6e\u1c73ron;\u410f;\u4434\u0180;ao\u0332\u1c7c\u1c84\u0100gr\u02bf\u1c81r;\u61catseq;\u6a77\u0180glm\u1c91\u1c94\u1c98\u803b\xb0\u40b0ta;\u43b4ptyv;\u69b1\u0100ir\u1ca3\u1ca8sht;\u697f;\uc000\ud835\udd21ar\u0100lr\u1cb3\u1cb5\xbb\u08dc\xbb\u101e\u0280aegsv\u1cc2\u0378\u1cd6\u1cdc\u1ce0m\u0180;os\u0326\u1cca\u1cd4nd\u0100;s\u0326\u1cd1uit;\u6666amma;\u43ddin;\u62f2\u0180;io\u1ce7\u1ce8\u1cf8\u40f7de\u8100\xf7;o\u1ce7\u1cf0ntimes;\u62c7n\xf8\u1cf7cy;\u4452c\u026f\u1d06\0\0\u1d0arn;\u631eop;\u630d\u0280lptuw\u1d18\u1d1d\u1d22\u1d49\u1d55lar;\u4024f;\uc000\ud835\udd55\u0280;emps\u030b\u1d2d\u1d37\u1d3d\u1d42q\u0100;d\u0352\u1d33ot;\u6251inus;\u6238lus;\u6214quare;\u62a1blebarwedg\xe5\xfan\u0180adh\u112e\u1d5d\u1d67ownarrow\xf3\u1c83arpoon\u0100lr\u1d72\u1d76ef\xf4\u1cb4igh\xf4\u1cb6\u0162\u1d7f\u1d85karo\xf7\u0f42\u026f\u1d8a\0\0\u1d8ern;\u631fop;\u630c\u0180cot\u1d98\u1da3\u1da6\u0100ry\u1d9d\u1da1;\uc000\ud835\udcb9;\u4455l;\u69f6rok;\u4111\u0100dr\u1db0\u1db4ot;\u62f1i\u0100;f\u1dba\u1816\u65bf\u0100ah\u1dc0\u1dc3r\xf2\u0429a\xf2\u0fa6angle;\u69a6\u0100ci\u1dd2\u1dd5y;\u445fgrarr;\u67ff\u0900Dacdefglmnopqrstux\u1e01\u1e09\u1e19\u1e38\u0578\u1e3c\u1e49\u1e61\u1e7e\u1ea5\u1eaf\u1ebd\u1ee1\u1f2a\u1f37\u1f44\u1f4e\u1f5a\u0100Do\u1e06\u1d34o\xf4\u1c89\u0100cs\u1e0e\u1e14ute\u803b\xe9\u40e9ter;\u6a6e\u0200aioy\u1e22\u1e27\u1e31\u1e36ron;\u411br\u0100;c\u1e2d\u1e2e\u6256\u803b\xea\u40ealon;\u6255;\u444dot;\u4117\u0100Dr\u1e41\u1e45ot;\u6252;\uc000\ud835\udd22\u0180;rs\u1e50\u1e51\u1e57\u6a9aave\u803b\xe8\u40e8\u0100;d\u1e5c\u1e5d\u6a96ot;\u6a98\u0200;ils\u1e6a\u1e6b\u1e72\u1e74\u6a99nters;\u63e7;\u6113\u0100;d\u1e79\u1e7a\u6a95ot;\u6a97\u0180aps\u1e85\u1e89\u1e97cr;\u4113ty\u0180;sv\u1e92\u1e93\u1e95\u6205et\xbb\u1e93p\u01001;\u1e9d\u1ea4\u0133\u1ea1\u1ea3;\u6004;\u6005\u6003\u0100gs\u1eaa\u1eac;\u414bp;\u6002\u0100gp\u1eb4\u1eb8on;\u4119f;\uc000\ud835\udd56\u0180als\u1ec4\u1ece\u1ed2r\u0100;s\u1eca\u1ecb\u62d5l;\u69e3us;\u6a71i\u0180;lv\u1eda\u1edb\u1edf\u43b5on\xbb\u1edb;\u43f5\u0200csuv\u1eea\u1ef3\u1f0b\u1f23\u0100io\u1eef\u1e31rc\xbb\u1e2e\u0269\u1ef9\0\0\u1efb\xed\u0548ant\u0100gl\u1f02\u1f06tr\xbb\u1e5dess\xbb\u1e7a\u0180aei\u1f12\u1f16\u1f1als;\u403dst;\u625fv\u0100;D\u0235\u1f20D;\u6a78parsl;\u69e5\u0100Da\u1f2f\u1f33ot;\u6253rr;\u6971\u0180cdi\u1f3e\u1f41\u1ef8r;\u612fo\xf4\u0352\u0100ah\u1f49\u1f4b;\u43b7\u803b\xf0\u40f0\u0100mr\u1f53\u1f57l\u803b\xeb\u40ebo;\u60ac\u0180cip\u1f61\u1f64\u1f67l;\u4021s\xf4\u056e\u0100eo\u1f6c\u1f74ctatio\xee\u0559nential\xe5\u0579\u09e1\u1f92\0\u1f9e\0\u1fa1\u1fa7\0\0\u1fc6\u1fcc\0\u1fd3\0\u1fe6\u1fea\u2000\0\u2008\u205allingdotse\xf1\u1e44y;\u4444male;\u6640\u0180ilr\u1fad\u1fb3\u1fc1lig;\u8000\ufb03\u0269\u1fb9\0\0\u1fbdg;\u8000\ufb00ig;\u8000\ufb04;\uc000\ud835\udd23lig;\u8000\ufb01lig;\uc000fj\u0180alt\u1fd9\u1fdc\u1fe1t;\u666dig;\u8000\ufb02ns;\u65b1of;\u4192\u01f0\u1fee\0\u1ff3f;\uc000\ud835\udd57\u0100ak\u05bf\u1ff7\u0100;v\u1ffc\u1ffd\u62d4;\u6ad9artint;\u6a0d\u0100ao\u200c\u2055\u0100cs\u2011\u2052\u03b1\u201a\u2030\u2038\u2045\u2048\0\u2050\u03b2\u2022\u2025\u2027\u202a\u202c\0\u202e\u803b\xbd\u40bd;\u6153\u803b\xbc\u40bc;\u6155;\u6159;\u615b\u01b3\u2034\0\u2036;\u6154;\u6156\u02b4\u203e\u2041\0\0\u2043\u803b\xbe\u40be;\u6157;\u615c5;\u6158\u01b6\u204c\0\u204e;\u615a;\u615d8;\u615el;\u6044wn;\u6322cr;\uc000\ud835\udcbb\u0880Eabcdefgijlnorstv\u2082\u2089\u209f\u20a5\u20b0\u20b4\u20f0\u20f5\u20fa\u20ff\u2103\u2112\u2138\u0317\u213e\u2152\u219e\u0100;l\u064d\u2087;\u6a8c\u0180cmp\u2090\u2095\u209dute;\u41f5ma\u0100;d\u209c\u1cda\u43b3;\u6a86reve;\u411f\u0100iy\u20aa\u20aerc;\u411d;\u4433ot;\u4121\u0200;lqs\u063e\u0642\u20bd\u20c9\u0180;qs\u063e\u064c\u20c4lan\xf4\u0665\u0200;cdl\u0665\u20d2\u20d5\u20e5c;\u6aa9ot\u0100;o\u20dc\u20dd\u6a80\u0100;l\u20e2\u20e3\u6a82;\u6a84\u0100;e\u20ea\u20ed\uc000\u22db\ufe00s;\u6a94r;\uc000\ud835\udd24\u0100;g\u0673\u061bmel;\u6137cy;\u4453\u0200;Eaj\u065a\u210c\u210e\u2110;\u6a92;\u6aa5;\u6aa4\u0200Eaes\u211b\u211d\u2129\u2134;\u6269p\u0100;p\u2123\u2124\u6a8arox\xbb\u2124\u0100;q\u212e\u212f\u6a88\u0100;q\u212e\u211bim;\u62e7pf;\uc000\ud835\udd58\u0100ci\u2143\u2146r;\u610am\u0180;el\u066b\u214e\u2150;\u6a8e;\u6a90\u8300>;cdlqr\u05ee\u2160\u216a\u216e\u2173\u2179\u0100ci\u2165\u2167;\u6aa7r;\u6a7aot;\u62d7Par;\u6995uest;\u6a7c\u0280adels\u2184\u216a\u2190\u0656\u219b\u01f0\u2189\0\u218epro\xf8\u209er;\u6978q\u0100lq\u063f\u2196les\xf3\u2088i\xed\u066b\u0100en\u21a3\u21adrtneqq;\uc000\u2269\ufe00\xc5\u21aa\u0500Aabcefkosy\u21c4\u21c7\u21f1\u21f5\u21fa\u2218\u221d\u222f\u2268\u227dr\xf2\u03a0\u0200ilmr\u21d0\u21d4\u21d7\u21dbrs\xf0\u1484f\xbb\u2024il\xf4\u06a9\u0100dr\u21e0\u21e4cy;\u444a\u0180;cw\u08f4\u21eb\u21efir;\u6948;\u61adar;\u610firc;\u4125\u0180alr\u2201\u220e\u2213rts\u0100;u\u2209\u220a\u6665it\xbb\u220alip;\u6026con;\u62b9r;\uc000\ud835\udd25s\u0100ew\u2223\u2229arow;\u6925arow;\u6926\u0280amopr\u223a\u223e\u2243\u225e\u2263rr;\u61fftht;\u623bk\u0100lr\u2249\u2253eftarrow;\u61a9ightarrow;\u61aaf;\uc000\ud835\udd59bar;\u6015\u0180clt\u226f\u2274\u2278r;\uc000\ud835\udcbdas\xe8\u21f4rok;\u4127\u0100bp\u2282\u2287ull;\u6043hen\xbb\u1c5b\u0ae1\u22a3\0\u22aa\0\u22b8\u22c5\u22ce\0\u22d5\u22f3\0\0\u22f8\u2322\u2367\u2362\u237f\0\u2386\u23aa\u23b4cute\u803b\xed\u40ed\u0180;iy\u0771\u22b0\u22b5rc\u803b\xee\u40ee;\u4438\u0100cx\u22bc\u22bfy;\u4435cl\u803b\xa1\u40a1\u0100fr\u039f\u22c9;\uc000\ud835\udd26rave\u803b\xec\u40ec\u0200;ino\u073e\u22dd\u22e9\u22ee\u0100in\u22e2\u22e6nt;\u6a0ct;\u622dfin;\u69dcta;\u6129lig;\u4133\u0180aop\u22fe\u231a\u231d\u0180cgt\u2305\u2308\u2317r;\u412b\u0180elp\u071f\u230f\u2313in\xe5\u078ear\xf4\u0720h;\u4131f;\u62b7ed;\u41b5\u0280;cfot\u04f4\u232c\u2331\u233d\u2341are;\u6105in\u0100;t\u2338\u2339\u621eie;\u69dddo\xf4\u2319\u0280;celp\u0757\u234c\u2350\u235b\u2361al;\u62ba\u0100gr\u2355\u2359er\xf3\u1563\xe3\u234darhk;\u6a17rod;\u6a3c\u0200cgpt\u236f\u2372\u2376\u237by;\u4451on;\u412ff;\uc000\ud835\udd5aa;\u43b9uest\u803b\xbf\u40bf\u0100ci\u238a\u238fr;\uc000\ud835\udcben\u0280;Edsv\u04f4\u239b\u239d\u23a1\u04f3;\u62f9ot;\u62f5\u0100;v\u23a6\u23a7\u62f4;\u62f3\u0100;i\u0777\u23aelde;\u4129\u01eb\u23b8\0\u23bccy;\u4456l\u803b\xef\u40ef\u0300cfmosu\u23cc\u23d7\u23dc\u23e1\u23e7\u23f5\u0100iy\u23d1\u23d5rc;\u4135;\u4439r;\uc000\ud835\udd27ath;\u4237pf;\uc000\ud835\udd5b\u01e3\u23ec\0\u23f1r;\uc000\ud835\udcbfrcy;\u4458kcy;\u4454\u0400acfghjos\u240b\u2416\u2422\u2427\u242d\u2431\u2435\u243bppa\u0100;v\u2413\u2414\u43ba;\u43f0\u0100ey\u241b\u2420dil;\u4137;\u443ar;\uc000\ud835\udd28reen;\u4138cy;\u4445cy;\u445cpf;\uc000\ud835\udd5ccr;\uc000\ud835\udcc0\u0b80ABEHabcdefghjlmnoprstuv\u2470\u2481\u2486\u248d\u2491\u250e\u253d\u255a\u2580\u264e\u265e\u2665\u2679\u267d\u269a\u26b2\u26d8\u275d\u2768\u278b\u27c0\u2801\u2812\u0180art\u2477\u247a\u247cr\xf2\u09c6\xf2\u0395ail;\u691barr;\u690e\u0100;g\u0994\u248b;\u6a8bar;\u6962\u0963\u24a5\0\u24aa\0\u24b1\0\0\0\0\0\u24b5\u24ba\0\u24c6\u24c8\u24cd\0\u24f9ute;\u413amptyv;\u69b4ra\xee\u084cbda;\u43bbg\u0180;dl\u088e\u24c1\u24c3;\u6991\xe5\u088e;\u6a85uo\u803b\xab\u40abr\u0400;bfhlpst\u0899\u24de\u24e6\u24e9\u24eb\u24ee\u24f1\u24f5\u0100;f\u089d\u24e3s;\u691fs;\u691d\xeb\u2252p;\u61abl;\u6939im;\u6973l;\u61a2\u0180;ae\u24ff\u2500\u2504\u6aabil;\u6919\u0100;s\u2509\u250a\u6aad;\uc000\u2aad\ufe00\u0180abr\u2515\u2519\u251drr;\u690crk;\u6772\u0100ak\u2522\u252cc\u0100ek\u2528\u252a;\u407b;\u405b\u0100es\u2531\u2533;\u698bl\u0100du\u2539\u253b;\u698f;\u698d\u0200aeuy\u2546\u254b\u2556\u2558ron;\u413e\u0100di\u2550\u2554il;\u413c\xec\u08b0\xe2\u2529;\u443b\u0200cqrs\u2563\u2566\u256d\u257da;\u6936uo\u0100;r\u0e19\u1746\u0100du\u2572\u2577har;\u6967shar;\u694bh;\u61b2\u0280;fgqs\u258b\u258c\u0989\u25f3\u25ff\u6264t\u0280ahlrt\u2598\u25a4\u25b7\u25c2\u25e8rrow\u0100;t\u0899\u25a1a\xe9\u24f6arpoon\u0100du\u25af\u25b4own\xbb\u045ap\xbb\u0966eftarrows;\u61c7ight\u0180ahs\u25cd\u25d6\u25derrow\u0100;s\u08f4\u08a7arpoon\xf3\u0f98quigarro\xf7\u21f0hreetimes;\u62cb\u0180;qs\u258b\u0993\u25falan\xf4\u09ac\u0280;cdgs\u09ac\u260a\u260d\u261d\u2628c;\u6aa8ot\u0100;o\u2614\u2615\u6a7f\u0100;r\u261a\u261b\u6a81;\u6a83\u0100;e\u2622\u2625\uc000\u22da\ufe00s;\u6a93\u0280adegs\u2633\u2639\u263d\u2649\u264bppro\xf8\u24c6ot;\u62d6q\u0100gq\u2643\u2645\xf4\u0989gt\xf2\u248c\xf4\u099bi\xed\u09b2\u0180ilr\u2655\u08e1\u265asht;\u697c;\uc000\ud835\udd29\u0100;E\u099c\u2663;\u6a91\u0161\u2669\u2676r\u0100du\u25b2\u266e\u0100;l\u0965\u2673;\u696alk;\u6584cy;\u4459\u0280;acht\u0a48\u2688\u268b\u2691\u2696r\xf2\u25c1orne\xf2\u1d08ard;\u696bri;\u65fa\u0100io\u269f\u26a4dot;\u4140ust\u0100;a\u26ac\u26ad\u63b0che\xbb\u26ad\u0200Eaes\u26bb\u26bd\u26c9\u26d4;\u6268p\u0100;p\u26c3\u26c4\u6a89rox\xbb\u26c4\u0100;q\u26ce\u26cf\u6a87\u0100;q\u26ce\u26bbim;\u62e6\u0400abnoptwz\u26e9\u26f4\u26f7\u271a\u272f\u2741\u2747\u2750\u0100nr\u26ee\u26f1g;\u67ecr;\u61fdr\xeb\u08c1g\u0180lmr\u26ff\u270d\u2714eft\u0100ar\u09e6\u2707ight\xe1\u09f2apsto;\u67fcight\xe1\u09fdparrow\u0100lr\u2725\u2729ef\xf4\u24edight;\u61ac\u0180afl\u2736\u2739\u273dr;\u6985;\uc000\ud835\udd5dus;\u6a2dimes;\u6a34\u0161\u274b\u274fst;\u6217\xe1\u134e\u0180;ef\u2757\u2758\u1800\u65cange\xbb\u2758ar\u0100;l\u2764\u2765\u4028t;\u6993\u0280achmt\u2773\u2776\u277c\u2785\u2787r\xf2\u08a8orne\xf2\u1d8car\u0100;d\u0f98\u2783;\u696d;\u600eri;\u62bf\u0300achiqt\u2798\u279d\u0a40\u27a2\u27ae\u27bbquo;\u6039r;\uc000\ud835\udcc1m\u0180;eg\u09b2\u27aa\u27ac;\u6a8d;\u6a8f\u0100bu\u252a\u27b3o\u0100;r\u0e1f\u27b9;\u601arok;\u4142\u8400<;cdhilqr\u082b\u27d2\u2639\u27dc\u27e0\u27e5\u27ea\u27f0\u0100ci\u27d7\u27d9;\u6aa6r;\u6a79re\xe5\u25f2mes;\u62c9arr;\u6976uest;\u6a7b\u0100Pi\u27f5\u27f9ar;\u6996\u0180;ef\u2800\u092d\u181b\u65c3r\u0100du\u2807\u280dshar;\u694ahar;\u6966\u0100en\u2817\u2821rtneqq;\uc000\u2268\ufe00\xc5\u281e\u0700Dacdefhilnopsu\u2840\u2845\u2882\u288e\u2893\u28a0\u28a5\u28a8\u28da\u28e2\u28e4\u0a83\u28f3\u2902Dot;\u623a\u0200clpr\u284e\u2852\u2863\u287dr\u803b\xaf\u40af\u0100et\u2857\u2859;\u6642\u0100;e\u285e\u285f\u6720se\xbb\u285f\u0100;s\u103b\u2868to\u0200;dlu\u103b\u2873\u2877\u287bow\xee\u048cef\xf4\u090f\xf0\u13d1ker;\u65ae\u0100oy\u2887\u288cmma;\u6a29;\u443cash;\u6014asuredangle\xbb\u1626r;\uc000\ud835\udd2ao;\u6127\u0180cdn\u28af\u28b4\u28c9ro\u803b\xb5\u40b5\u0200;acd\u1464\u28bd\u28c0\u28c4s\xf4\u16a7ir;\u6af0ot\u80bb\xb7\u01b5us\u0180;bd\u28d2\u1903\u28d3\u6212\u0100;u\u1d3c\u28d8;\u6a2a\u0163\u28de\u28e1p;\u6adb\xf2\u2212\xf0\u0a81\u0100dp\u28e9\u28eeels;\u62a7f;\uc000\ud835\udd5e\u0100ct\u28f8\u28fdr;\uc000\ud835\udcc2pos\xbb\u159d\u0180;lm\u2909\u290a\u290d\u43bctimap;\u62b8\u0c00GLRVabcdefghijlmoprstuvw\u2942\u2953\u297e\u2989\u2998\u29da\u29e9\u2a15\u2a1a\u2a58\u2a5d\u2a83\u2a95\u2aa4\u2aa8\u2b04\u2b07\u2b44\u2b7f\u2bae\u2c34\u2c67\u2c7c\u2ce9\u0100gt\u2947\u294b;\uc000\u22d9\u0338\u0100;v\u2950\u0bcf\uc000\u226b\u20d2\u0180elt\u295a\u2972\u2976ft\u0100ar\u2961\u2967rrow;\u61cdightarrow;\u61ce;\uc000\u22d8\u0338\u0100;v\u297b\u0c47\uc000\u226a\u20d2ightarrow;\u61cf\u0100Dd\u298e\u2993ash;\u62afash;\u62ae\u0280bcnpt\u29a3\u29a7\u29ac\u29b1\u29ccla\xbb\u02deute;\u4144g;\uc000\u2220\u20d2\u0280;Eiop\u0d84\u29bc\u29c0\u29c5\u29c8;\uc000\u2a70\u0338d;\uc000\u224b\u0338s;\u4149ro\xf8\u0d84ur\u0100;a\u29d3\u29d4\u666el\u0100;s\u29d3\u0b38\u01f3\u29df\0\u29e3p\u80bb\xa0\u0b37mp\u0100;e\u0bf9\u0c00\u0280aeouy\u29f4\u29fe\u2a03\u2a10\u2a13\u01f0\u29f9\0\u29fb;\u6a43on;\u4148dil;\u4146ng\u0100;d\u0d7e\u2a0aot;\uc000\u2a6d\u0338p;\u6a42;\u443dash;\u6013\u0380;Aadqsx\u0b92\u2a29\u2a2d\u2a3b\u2a41\u2a45\u2a50rr;\u61d7r\u0100hr\u2a33\u2a36k;\u6924\u0100;o\u13f2\u13f0ot;\uc000\u2250\u0338ui\xf6\u0b63\u0100ei\u2a4a\u2a4ear;\u6928\xed\u0b98ist\u0100;s\u0ba0\u0b9fr;\uc000\ud835\udd2b\u0200Eest\u0bc5\u2a66\u2a79\u2a7c\u0180;qs\u0bbc\u2a6d\u0be1\u0180;qs\u0bbc\u0bc5\u2a74lan\xf4\u0be2i\xed\u0bea\u0100;r\u0bb6\u2a81\xbb\u0bb7\u0180Aap\u2a8a\u2a8d\u2a91r\xf2\u2971rr;\u61aear;\u6af2\u0180;sv\u0f8d\u2a9c\u0f8c\u0100;d\u2aa1\u2aa2\u62fc;\u62facy;\u445a\u0380AEadest\u2ab7\u2aba\u2abe\u2ac2\u2ac5\u2af6\u2af9r\xf2\u2966;\uc000\u2266\u0338rr;\u619ar;\u6025\u0200;fqs\u0c3b\u2ace\u2ae3\u2aeft\u0100ar\u2ad4\u2ad9rro\xf7\u2ac1ightarro\xf7\u2a90\u0180;qs\u0c3b\u2aba\u2aealan\xf4\u0c55\u0100;s\u0c55\u2af4\xbb\u0c36i\xed\u0c5d\u0100;r\u0c35\u2afei\u0100;e\u0c1a\u0c25i\xe4\u0d90\u0100pt\u2b0c\u2b11f;\uc000\ud835\udd5f\u8180\xac;in\u2b19\u2b1a\u2b36\u40acn\u0200;Edv\u0b89\u2b24\u2b28\u2b2e;\uc000\u22f9\u0338ot;\uc000\u22f5\u0338\u01e1\u0b89\u2b33\u2b35;\u62f7;\u62f6i\u0100;v\u0cb8\u2b3c\u01e1\u0cb8\u2b41\u2b43;\u62fe;\u62fd\u0180aor\u2b4b\u2b63\u2b69r\u0200;ast\u0b7b\u2b55\u2b5a\u2b5flle\xec\u0b7bl;\uc000\u2afd\u20e5;\uc000\u2202\u0338lint;\u6a14\u0180;ce\u0c92\u2b70\u2b73u\xe5\u0ca5\u0100;c\u0c98\u2b78\u0100;e\u0c92\u2b7d\xf1\u0c98\u0200Aait\u2b88\u2b8b\u2b9d\u2ba7r\xf2\u2988rr\u0180;cw\u2b94\u2b95\u2b99\u619b;\uc000\u2933\u0338;\uc000\u219d\u0338ghtarrow\xbb\u2b95ri\u0100;e\u0ccb\u0cd6\u0380chimpqu\u2bbd\u2bcd\u2bd9\u2b04\u0b78\u2be4\u2bef\u0200;cer\u0d32\u2bc6\u0d37\u2bc9u\xe5\u0d45;\uc000\ud835\udcc3ort\u026d\u2b05\0\0\u2bd6ar\xe1\u2b56m\u0100;e\u0d6e\u2bdf\u0100;q\u0d74\u0d73su\u0100bp\u2beb\u2bed\xe5\u0cf8\xe5\u0d0b\u0180bcp\u2bf6\u2c11\u2c19\u0200;Ees\u2bff\u2c00\u0d22\u2c04\u6284;\uc000\u2ac5\u0338et\u0100;e\u0d1b\u2c0bq\u0100;q\u0d23\u2c00c\u0100;e\u0d32\u2c17\xf1\u0d38\u0200;Ees\u2c22\u2c23\u0d5f\u2c27\u6285;\uc000\u2ac6\u0338et\u0100;e\u0d58\u2c2eq\u0100;q\u0d60\u2c23\u0200gilr\u2c3d\u2c3f\u2c45\u2c47\xec\u0bd7lde\u803b\xf1\u40f1\xe7\u0c43iangle\u0100lr\u2c52\u2c5ceft\u0100;e\u0c1a\u2c5a\xf1\u0c26ight\u0100;e\u0ccb\u2c65\xf1\u0cd7\u0100;m\u2c6c\u2c6d\u43bd\u0180;es\u2c74\u2c75\u2c79\u4023ro;\u6116p;\u6007\u0480DHadgilrs\u2c8f\u2c94\u2c99\u2c9e\u2ca3\u2cb0\u2cb6\u2cd3\u2ce3ash;\u62adarr;\u6904p;\uc000\u224d\u20d2ash;\u62ac\u0100et\u2ca8\u2cac;\uc000\u2265\u20d2;\uc000>\u20d2nfin;\u69de\u0180Aet\u2cbd\u2cc1\u2cc5rr;\u6902;\uc000\u2264\u20d2\u0100;r\u2cca\u2ccd\uc000<\u20d2ie;\uc000\u22b4\u20d2\u0100At\u2cd8\u2cdcrr;\u6903rie;\uc000\u22b5\u20d2im;\uc000\u223c\u20d2\u0180Aan\u2cf0\u2cf4\u2d02rr;\u61d6r\u0100hr\u2cfa\u2cfdk;\u6923\u0100;o\u13e7\u13e5ear;\u6927\u1253\u1a95\0\0\0\0\0\0\0\0\0\0\0\0\0\u2d2d\0\u2d38\u2d48\u2d60\u2d65\u2d72\u2d84\u1b07\0\0\u2d8d\u2dab\0\u2dc8\u2dce\0\u2ddc\u2e19\u2e2b\u2e3e\u2e43\u0100cs\u2d31\u1a97ute\u803b\xf3\u40f3\u0100iy\u2d3c\u2d45r\u0100;c\u1a9e\u2d42\u803b\xf4\u40f4;\u443e\u0280abios\u1aa0\u2d52\u2d57\u01c8\u2d5alac;\u4151v;\u6a38old;\u69bclig;\u4153\u0100cr\u2d69\u2d6dir;\u69bf;\uc000\ud835\udd2c\u036f\u2d79\0\0\u2d7c\0\u2d82n;\u42dbave\u803b\xf2\u40f2;\u69c1\u0100bm\u2d88\u0df4ar;\u69b5\u0200acit\u2d95\u2d98\u2da5\u2da8r\xf2\u1a80\u0100ir\u2d9d\u2da0r;\u69beoss;\u69bbn\xe5\u0e52;\u69c0\u0180aei\u2db1\u2db5\u2db9cr;\u414dga;\u43c9\u0180cdn\u2dc0\u2dc5\u01cdron;\u43bf;\u69b6pf;\uc000\ud835\udd60\u0180ael\u2dd4\u2dd7\u01d2r;\u69b7rp;\u69b9\u0380;adiosv\u2dea\u2deb\u2dee\u2e08\u2e0d\u2e10\u2e16\u6228r\xf2\u1a86\u0200;efm\u2df7\u2df8\u2e02\u2e05\u6a5dr\u0100;o\u2dfe\u2dff\u6134f\xbb\u2dff\u803b\xaa\u40aa\u803b\xba\u40bagof;\u62b6r;\u6a56lope;\u6a57;\u6a5b\u0180clo\u2e1f\u2e21\u2e27\xf2\u2e01ash\u803b\xf8\u40f8l;\u6298i\u016c\u2e2f\u2e34de\u803b\xf5\u40f5es\u0100;a\u01db\u2e3as;\u6a36ml\u803b\xf6\u40f6bar;\u633d\u0ae1\u2e5e\0\u2e7d\0\u2e80\u2e9d\0\u2ea2\u2eb9\0\0\u2ecb\u0e9c\0\u2f13\0\0\u2f2b\u2fbc\0\u2fc8r\u0200;ast\u0403\u2e67\u2e72\u0e85\u8100\xb6;l\u2e6d\u2e6e\u40b6le\xec\u0403\u0269\u2e78\0\0\u2e7bm;\u6af3;\u6afdy;\u443fr\u0280cimpt\u2e8b\u2e8f\u2e93\u1865\u2e97nt;\u4025od;\u402eil;\u6030enk;\u6031r;\uc000\ud835\udd2d\u0180imo\u2ea8\u2eb0\u2eb4\u0100;v\u2ead\u2eae\u43c6;\u43d5ma\xf4\u0a76ne;\u660e\u0180;tv\u2ebf\u2ec0\u2ec8\u43c0chfork\xbb\u1ffd;\u43d6\u0100au\u2ecf\u2edfn\u0100ck\u2ed5\u2eddk\u0100;h\u21f4\u2edb;\u610e\xf6\u21f4s\u0480;abcdemst\u2ef3\u2ef4\u1908\u2ef9\u2efd\u2f04\u2f06\u2f0a\u2f0e\u402bcir;\u6a23ir;\u6a22\u0100ou\u1d40\u2f02;\u6a25;\u6a72n\u80bb\xb1\u0e9dim;\u6a26wo;\u6a27\u0180ipu\u2f19\u2f20\u2f25ntint;\u6a15f;\uc000\ud835\udd61nd\u803b\xa3\u40a3\u0500;Eaceinosu\u0ec8\u2f3f\u2f41\u2f44\u2f47\u2f81\u2f89\u2f92\u2f7e\u2fb6;\u6ab3p;\u6ab7u\xe5\u0ed9\u0100;c\u0ece\u2f4c\u0300;acens\u0ec8\u2f59\u2f5f\u2f66\u2f68\u2f7eppro\xf8\u2f43urlye\xf1\u0ed9\xf1\u0ece\u0180aes\u2f6f\u2f76\u2f7approx;\u6ab9qq;\u6ab5im;\u62e8i\xed\u0edfme\u0100;s\u2f88\u0eae\u6032\u0180Eas\u2f78\u2f90\u2f7a\xf0\u2f75\u0180dfp\u0eec\u2f99\u2faf\u0180als\u2fa0\u2fa5\u2faalar;\u632eine;\u6312urf;\u6313\u0100;t\u0efb\u2fb4\xef\u0efbrel;\u62b0\u0100ci\u2fc0\u2fc5r;\uc000\ud835\udcc5;\u43c8ncsp;\u6008\u0300fiopsu\u2fda\u22e2\u2fdf\u2fe5\u2feb\u2ff1r;\uc000\ud835\udd2epf;\uc000\ud835\udd62rime;\u6057cr;\uc000\ud835\udcc6\u0180aeo\u2ff8\u3009\u3013t\u0100ei\u2ffe\u3005rnion\xf3\u06b0nt;\u6a16st\u0100;e\u3010\u3011\u403f\xf1\u1f19\xf4\u0f14\u0a80ABHabcdefhilmnoprstux\u3040\u3051\u3055\u3059\u30e0\u310e\u312b\u3147\u3162\u3172\u318e\u3206\u3215\u3224\u3229\u3258\u326e\u3272\u3290\u32b0\u32b7\u0180art\u3047\u304a\u304cr\xf2\u10b3\xf2\u03ddail;\u691car\xf2\u1c65ar;\u6964\u0380cdenqrt\u3068\u3075\u3078\u307f\u308f\u3094\u30cc\u0100eu\u306d\u3071;\uc000\u223d\u0331te;\u4155i\xe3\u116emptyv;\u69b3g\u0200;del\u0fd1\u3089\u308b\u308d;\u6992;\u69a5\xe5\u0fd1uo\u803b\xbb\u40bbr\u0580;abcfhlpstw\u0fdc\u30ac\u30af\u30b7\u30b9\u30bc\u30be\u30c0\u30c3\u30c7\u30cap;\u6975\u0100;f\u0fe0\u30b4s;\u6920;\u6933s;\u691e\xeb\u225d\xf0\u272el;\u6945im;\u6974l;\u61a3;\u619d\u0100ai\u30d1\u30d5il;\u691ao\u0100;n\u30db\u30dc\u6236al\xf3\u0f1e\u0180abr\u30e7\u30ea\u30eer\xf2\u17e5rk;\u6773\u0100ak\u30f3\u30fdc\u0100ek\u30f9\u30fb;\u407d;\u405d\u0100es\u3102\u3104;\u698cl\u0100du\u310a\u310c;\u698e;\u6990\u0200aeuy\u3117\u311c\u3127\u3129ron;\u4159\u0100di\u3121\u3125il;\u4157\xec\u0ff2\xe2\u30fa;\u4440\u0200clqs\u3134\u3137\u313d\u3144a;\u6937dhar;\u6969uo\u0100;r\u020e\u020dh;\u61b3\u0180acg\u314e\u315f\u0f44l\u0200;ips\u0f78\u3158\u315b\u109cn\xe5\u10bbar\xf4\u0fa9t;\u65ad\u0180ilr\u3169\u1023\u316esht;\u697d;\uc000\ud835\udd2f\u0100ao\u3177\u3186r\u0100du\u317d\u317f\xbb\u047b\u0100;l\u1091\u3184;\u696c\u0100;v\u318b\u318c\u43c1;\u43f1\u0180gns\u3195\u31f9\u31fcht\u0300ahlrst\u31a4\u31b0\u31c2\u31d8\u31e4\u31eerrow\u0100;t\u0fdc\u31ada\xe9\u30c8arpoon\u0100du\u31bb\u31bfow\xee\u317ep\xbb\u1092eft\u0100ah\u31ca\u31d0rrow\xf3\u0feaarpoon\xf3\u0551ightarrows;\u61c9quigarro\xf7\u30cbhreetimes;\u62ccg;\u42daingdotse\xf1\u1f32\u0180ahm\u320d\u3210\u3213r\xf2\u0feaa\xf2\u0551;\u600foust\u0100;a\u321e\u321f\u63b1che\xbb\u321fmid;\u6aee\u0200abpt\u3232\u323d\u3240\u3252\u0100nr\u3237\u323ag;\u67edr;\u61fer\xeb\u1003\u0180afl\u3247\u324a\u324er;\u6986;\uc000\ud835\udd63us;\u6a2eimes;\u6a35\u0100ap\u325d\u3267r\u0100;g\u3263\u3264\u4029t;\u6994olint;\u6a12ar\xf2\u31e3\u0200achq\u327b\u3280\u10bc\u3285quo;\u603ar;\uc000\ud835\udcc7\u0100bu\u30fb\u328ao\u0100;r\u0214\u0213\u0180hir\u3297\u329b\u32a0re\xe5\u31f8mes;\u62cai\u0200;efl\u32aa\u1059\u1821\u32ab\u65b9tri;\u69celuhar;\u6968;\u611e\u0d61\u32d5\u32db\u32df\u332c\u3338\u3371\0\u337a\u33a4\0\0\u33ec\u33f0\0\u3428\u3448\u345a\u34ad\u34b1\u34ca\u34f1\0\u3616\0\0\u3633cute;\u415bqu\xef\u27ba\u0500;Eaceinpsy\u11ed\u32f3\u32f5\u32ff\u3302\u330b\u330f\u331f\u3326\u3329;\u6ab4\u01f0\u32fa\0\u32fc;\u6ab8on;\u4161u\xe5\u11fe\u0100;d\u11f3\u3307il;\u415frc;\u415d\u0180Eas\u3316\u3318\u331b;\u6ab6p;\u6abaim;\u62e9olint;\u6a13i\xed\u1204;\u4441ot\u0180;be\u3334\u1d47\u3335\u62c5;\u6a66\u0380Aacmstx\u3346\u334a\u3357\u335b\u335e\u3363\u336drr;\u61d8r\u0100hr\u3350\u3352\xeb\u2228\u0100;o\u0a36\u0a34t\u803b\xa7\u40a7i;\u403bwar;\u6929m\u0100in\u3369\xf0nu\xf3\xf1t;\u6736r\u0100;o\u3376\u2055\uc000\ud835\udd30\u0200acoy\u3382\u3386\u3391\u33a0rp;\u666f\u0100hy\u338b\u338fcy;\u4449;\u4448rt\u026d\u3399\0\0\u339ci\xe4\u1464ara\xec\u2e6f\u803b\xad\u40ad\u0100gm\u33a8\u33b4ma\u0180;fv\u33b1\u33b2\u33b2\u43c3;\u43c2\u0400;deglnpr\u12ab\u33c5\u33c9\u33ce\u33d6\u33de\u33e1\u33e6ot;\u6a6a\u0100;q\u12b1\u12b0\u0100;E\u33d3\u33d4\u6a9e;\u6aa0\u0100;E\u33db\u33dc\u6a9d;\u6a9fe;\u6246lus;\u6a24arr;\u6972ar\xf2\u113d\u0200aeit\u33f8\u3408\u340f\u3417\u0100ls\u33fd\u3404lsetm\xe9\u336ahp;\u6a33parsl;\u69e4\u0100dl\u1463\u3414e;\u6323\u0100;e\u341c\u341d\u6aaa\u0100;s\u3422\u3423\u6aac;\uc000\u2aac\ufe00\u0180flp\u342e\u3433\u3442tcy;\u444c\u0100;b\u3438\u3439\u402f\u0100;a\u343e\u343f\u69c4r;\u633ff;\uc000\ud835\udd64a\u0100dr\u344d\u0402es\u0100;u\u3454\u3455\u6660it\xbb\u3455\u0180csu\u3460\u3479\u349f\u0100au\u3465\u346fp\u0100;s\u1188\u346b;\uc000\u2293\ufe00p\u0100;s\u11b4\u3475;\uc000\u2294\ufe00u\u0100bp\u347f\u348f\u0180;es\u1197\u119c\u3486et\u0100;e\u1197\u348d\xf1\u119d\u0180;es\u11a8\u11ad\u3496et\u0100;e\u11a8\u349d\xf1\u11ae\u0180;af\u117b\u34a6\u05b0r\u0165\u34ab\u05b1\xbb\u117car\xf2\u1148\u0200cemt\u34b9\u34be\u34c2\u34c5r;\uc000\ud835\udcc8tm\xee\xf1i\xec\u3415ar\xe6\u11be\u0100ar\u34ce\u34d5r\u0100;f\u34d4\u17bf\u6606\u0100an\u34da\u34edight\u0100ep\u34e3\u34eapsilo\xee\u1ee0h\xe9\u2eafs\xbb\u2852\u0280bcmnp\u34fb\u355e\u1209\u358b\u358e\u0480;Edemnprs\u350e\u350f\u3511\u3515\u351e\u3523\u352c\u3531\u3536\u6282;\u6ac5ot;\u6abd\u0100;d\u11da\u351aot;\u6ac3ult;\u6ac1\u0100Ee\u3528\u352a;\u6acb;\u628alus;\u6abfarr;\u6979\u0180eiu\u353d\u3552\u3555t\u0180;en\u350e\u3545\u354bq\u0100;q\u11da\u350feq\u0100;q\u352b\u3528m;\u6ac7\u0100bp\u355a\u355c;\u6ad5;\u6ad3c\u0300;acens\u11ed\u356c\u3572\u3579\u357b\u3326ppro\xf8\u32faurlye\xf1\u11fe\xf1\u11f3\u0180aes\u3582\u3588\u331bppro\xf8\u331aq\xf1\u3317g;\u666a\u0680123;Edehlmnps\u35a9\u35ac\u35af\u121c\u35b2\u35b4\u35c0\u35c9\u35d5\u35da\u35df\u35e8\u35ed\u803b\xb9\u40b9\u803b\xb2\u40b2\u803b\xb3\u40b3;\u6ac6\u0100os\u35b9\u35bct;\u6abeub;\u6ad8\u0100;d\u1222\u35c5ot;\u6ac4s\u0100ou\u35cf\u35d2l;\u67c9b;\u6ad7arr;\u697bult;\u6ac2\u0100Ee\u35e4\u35e6;\u6acc;\u628blus;\u6ac0\u0180eiu\u35f4\u3609\u360ct\u0180;en\u121c\u35fc\u3602q\u0100;q\u1222\u35b2eq\u0100;q\u35e7\u35e4m;\u6ac8\u0100bp\u3611\u3613;\u6ad4;\u6ad6\u0180Aan\u361c\u3620\u362drr;\u61d9r\u0100hr\u3626\u3628\xeb\u222e\u0100;o\u0a2b\u0a29war;\u692alig\u803b\xdf\u40df\u0be1\u3651\u365d\u3660\u12ce\u3673\u3679\0\u367e\u36c2\0\0\0\0\0\u36db\u3703\0\u3709\u376c\0\0\0\u3787\u0272\u3656\0\0\u365bget;\u6316;\u43c4r\xeb\u0e5f\u0180aey\u3666\u366b\u3670ron;\u4165dil;\u4163;\u4442lrec;\u6315r;\uc000\ud835\udd31\u0200eiko\u3686\u369d\u36b5\u36bc\u01f2\u368b\0\u3691e\u01004f\u1284\u1281a\u0180;sv\u3698\u3699\u369b\u43b8ym;\u43d1\u0100cn\u36a2\u36b2k\u0100as\u36a8\u36aeppro\xf8\u12c1im\xbb\u12acs\xf0\u129e\u0100as\u36ba\u36ae\xf0\u12c1rn\u803b\xfe\u40fe\u01ec\u031f\u36c6\u22e7es\u8180\xd7;bd\u36cf\u36d0\u36d8\u40d7\u0100;a\u190f\u36d5r;\u6a31;\u6a30\u0180eps\u36e1\u36e3\u3700\xe1\u2a4d\u0200;bcf\u0486\u36ec\u36f0\u36f4ot;\u6336ir;\u6af1\u0100;o\u36f9\u36fc\uc000\ud835\udd65rk;\u6ada\xe1\u3362rime;\u6034\u0180aip\u370f\u3712\u3764d\xe5\u1248\u0380adempst\u3721\u374d\u3740\u3751\u3757\u375c\u375fngle\u0280;dlqr\u3730\u3731\u3736\u3740\u3742\u65b5own\xbb\u1dbbeft\u0100;e\u2800\u373e\xf1\u092e;\u625cight\u0100;e\u32aa\u374b\xf1\u105aot;\u65ecinus;\u6a3alus;\u6a39b;\u69cdime;\u6a3bezium;\u63e2\u0180cht\u3772\u377d\u3781\u0100ry\u3777\u377b;\uc000\ud835\udcc9;\u4446cy;\u445brok;\u4167\u0100io\u378b\u378ex\xf4\u1777head\u0100lr\u3797\u37a0eftarro\xf7\u084fightarrow\xbb\u0f5d\u0900AHabcdfghlmoprstuw\u37d0\u37d3\u37d7\u37e4\u37f0\u37fc\u380e\u381c\u3823\u3834\u3851\u385d\u386b\u38a9\u38cc\u38d2\u38ea\u38f6r\xf2\u03edar;\u6963\u0100cr\u37dc\u37e2ute\u803b\xfa\u40fa\xf2\u1150r\u01e3\u37ea\0\u37edy;\u445eve;\u416d\u0100iy\u37f5\u37farc\u803b\xfb\u40fb;\u4443\u0180abh\u3803\u3806\u380br\xf2\u13adlac;\u4171a\xf2\u13c3\u0100ir\u3813\u3818sht;\u697e;\uc000\ud835\udd32rave\u803b\xf9\u40f9\u0161\u3827\u3831r\u0100lr\u382c\u382e\xbb\u0957\xbb\u1083lk;\u6580\u0100ct\u3839\u384d\u026f\u383f\0\0\u384arn\u0100;e\u3845\u3846\u631cr\xbb\u3846op;\u630fri;\u65f8\u0100al\u3856\u385acr;\u416b\u80bb\xa8\u0349\u0100gp\u3862\u3866on;\u4173f;\uc000\ud835\udd66\u0300adhlsu\u114b\u3878\u387d\u1372\u3891\u38a0own\xe1\u13b3arpoon\u0100lr\u3888\u388cef\xf4\u382digh\xf4\u382fi\u0180;hl\u3899\u389a\u389c\u43c5\xbb\u13faon\xbb\u389aparrows;\u61c8\u0180cit\u38b0\u38c4\u38c8\u026f\u38b6\0\0\u38c1rn\u0100;e\u38bc\u38bd\u631dr\xbb\u38bdop;\u630eng;\u416fri;\u65f9cr;\uc000\ud835\udcca\u0180dir\u38d9\u38dd\u38e2ot;\u62f0lde;\u4169i\u0100;f\u3730\u38e8\xbb\u1813\u0100am\u38ef\u38f2r\xf2\u38a8l\u803b\xfc\u40fcangle;\u69a7\u0780ABDacdeflnoprsz\u391c\u391f\u3929\u392d\u39b5\u39b8\u39bd\u39df\u39e4\u39e8\u39f3\u39f9\u39fd\u3a01\u3a20r\xf2\u03f7ar\u0100;v\u3926\u3927\u6ae8;\u6ae9as\xe8\u03e1\u0100nr\u3932\u3937grt;\u699c\u0380eknprst\u34e3\u3946\u394b\u3952\u395d\u3964\u3996app\xe1\u2415othin\xe7\u1e96\u0180hir\u34eb\u2ec8\u3959op\xf4\u2fb5\u0100;h\u13b7\u3962\xef\u318d\u0100iu\u3969\u396dgm\xe1\u33b3\u0100bp\u3972\u3984setneq\u0100;q\u397d\u3980\uc000\u228a\ufe00;\uc000\u2acb\ufe00setneq\u0100;q\u398f\u3992\uc000\u228b\ufe00;\uc000\u2acc\ufe00\u0100hr\u399b\u399fet\xe1\u369ciangle\u0100lr\u39aa\u39afeft\xbb\u0925ight\xbb\u1051y;\u4432ash\xbb\u1036\u0180elr\u39c4\u39d2\u39d7\u0180;be\u2dea\u39cb\u39cfar;\u62bbq;\u625alip;\u62ee\u0100bt\u39dc\u1468a\xf2\u1469r;\uc000\ud835\udd33tr\xe9\u39aesu\u0100bp\u39ef\u39f1\xbb\u0d1c\xbb\u0d59pf;\uc000\ud835\udd67ro\xf0\u0efbtr\xe9\u39b4\u0100cu\u3a06\u3a0br;\uc000\ud835\udccb\u0100bp\u3a10\u3a18n\u0100Ee\u3980\u3a16\xbb\u397en\u0100Ee\u3992\u3a1e\xbb\u3990igzag;\u699a\u0380cefoprs\u3a36\u3a3b\u3a56\u3a5b\u3a54\u3a61\u3a6airc;\u4175\u0100di\u3a40\u3a51\u0100bg\u3a45\u3a49ar;\u6a5fe\u0100;q\u15fa\u3a4f;\u6259erp;\u6118r;\uc000\ud835\udd34pf;\uc000\ud835\udd68\u0100;e\u1479\u3a66at\xe8\u1479cr;\uc000\ud835\udccc\u0ae3\u178e\u3a87\0\u3a8b\0\u3a90\u3a9b\0\0\u3a9d\u3aa8\u3aab\u3aaf\0\0\u3ac3\u3ace\0\u3ad8\u17dc\u17dftr\xe9\u17d1r;\uc000\ud835\udd35\u0100Aa\u3a94\u3a97r\xf2\u03c3r\xf2\u09f6;\u43be\u0100Aa\u3aa1\u3aa4r\xf2\u03b8r\xf2\u09eba\xf0\u2713is;\u62fb\u0180dpt\u17a4\u3ab5\u3abe\u0100fl\u3aba\u17a9;\uc000\ud835\udd69im\xe5\u17b2\u0100Aa\u3ac7\u3acar\xf2\u03cer\xf2\u0a01\u0100cq\u3ad2\u17b8r;\uc000\ud835\udccd\u0100pt\u17d6\u3adcr\xe9\u17d4\u0400acefiosu\u3af0\u3afd\u3b08\u3b0c\u3b11\u3b15\u3b1b\u3b21c\u0100uy\u3af6\u3afbte\u803b\xfd\u40fd;\u444f\u0100iy\u3b02\u3b06rc;\u4177;\u444bn\u803b\xa5\u40a5r;\uc000\ud835\udd36cy;\u4457pf;\uc000\ud835\udd6acr;\uc000\ud835\udcce\u0100cm\u3b26\u3b29y;\u444el\u803b\xff\u40ff\u0500acdefhiosw\u3b42\u3b48\u3b54\u3b58\u3b64\u3b69\u3b6d\u3b74\u3b7a\u3b80cute;\u417a\u0100ay\u3b4d\u3b52ron;\u417e;\u4437ot;\u417c\u0100et\u3b5d\u3b61tr\xe6\u155fa;\u43b6r;\uc000\ud835\udd37cy;\u4436grarr;\u61ddpf;\uc000\ud835\udd6bcr;\uc000\ud835\udccf\u0100jn\u3b85\u3b87;\u600dj;\u600c"
    .split("")
    .map((c) => c.charCodeAt(0))));
//# sourceMappingURL=decode-data-html.js.map
;// CONCATENATED MODULE: ./node_modules/dom-serializer/node_modules/entities/lib/esm/generated/decode-data-xml.js
// Generated using scripts/write-decode-map.ts
/* harmony default export */ const decode_data_xml = (new Uint16Array(
// prettier-ignore
"\u0200aglq\t\x15\x18\x1b\u026d\x0f\0\0\x12p;\u4026os;\u4027t;\u403et;\u403cuot;\u4022"
    .split("")
    .map((c) => c.charCodeAt(0))));
//# sourceMappingURL=decode-data-xml.js.map
;// CONCATENATED MODULE: ./node_modules/dom-serializer/node_modules/entities/lib/esm/decode_codepoint.js
// Adapted from https://github.com/mathiasbynens/he/blob/36afe179392226cf1b6ccdb16ebbb7a5a844d93a/src/he.js#L106-L134
var decode_codepoint_a;
const decode_codepoint_decodeMap = new Map([
    [0, 65533],
    // C1 Unicode control character reference replacements
    [128, 8364],
    [130, 8218],
    [131, 402],
    [132, 8222],
    [133, 8230],
    [134, 8224],
    [135, 8225],
    [136, 710],
    [137, 8240],
    [138, 352],
    [139, 8249],
    [140, 338],
    [142, 381],
    [145, 8216],
    [146, 8217],
    [147, 8220],
    [148, 8221],
    [149, 8226],
    [150, 8211],
    [151, 8212],
    [152, 732],
    [153, 8482],
    [154, 353],
    [155, 8250],
    [156, 339],
    [158, 382],
    [159, 376],
]);
/**
 * Polyfill for `String.fromCodePoint`. It is used to create a string from a Unicode code point.
 */
const esm_decode_codepoint_fromCodePoint = 
// eslint-disable-next-line @typescript-eslint/no-unnecessary-condition, node/no-unsupported-features/es-builtins
(decode_codepoint_a = String.fromCodePoint) !== null && decode_codepoint_a !== void 0 ? decode_codepoint_a : function (codePoint) {
    let output = "";
    if (codePoint > 0xffff) {
        codePoint -= 0x10000;
        output += String.fromCharCode(((codePoint >>> 10) & 0x3ff) | 0xd800);
        codePoint = 0xdc00 | (codePoint & 0x3ff);
    }
    output += String.fromCharCode(codePoint);
    return output;
};
/**
 * Replace the given code point with a replacement character if it is a
 * surrogate or is outside the valid range. Otherwise return the code
 * point unchanged.
 */
function decode_codepoint_replaceCodePoint(codePoint) {
    var _a;
    if ((codePoint >= 0xd800 && codePoint <= 0xdfff) || codePoint > 0x10ffff) {
        return 0xfffd;
    }
    return (_a = decode_codepoint_decodeMap.get(codePoint)) !== null && _a !== void 0 ? _a : codePoint;
}
/**
 * Replace the code point if relevant, then convert it to a string.
 *
 * @deprecated Use `fromCodePoint(replaceCodePoint(codePoint))` instead.
 * @param codePoint The code point to decode.
 * @returns The decoded code point.
 */
function decode_codepoint_decodeCodePoint(codePoint) {
    return esm_decode_codepoint_fromCodePoint(decode_codepoint_replaceCodePoint(codePoint));
}
//# sourceMappingURL=decode_codepoint.js.map
;// CONCATENATED MODULE: ./node_modules/dom-serializer/node_modules/entities/lib/esm/decode.js



// Re-export for use by eg. htmlparser2


var decode_CharCodes;
(function (CharCodes) {
    CharCodes[CharCodes["NUM"] = 35] = "NUM";
    CharCodes[CharCodes["SEMI"] = 59] = "SEMI";
    CharCodes[CharCodes["EQUALS"] = 61] = "EQUALS";
    CharCodes[CharCodes["ZERO"] = 48] = "ZERO";
    CharCodes[CharCodes["NINE"] = 57] = "NINE";
    CharCodes[CharCodes["LOWER_A"] = 97] = "LOWER_A";
    CharCodes[CharCodes["LOWER_F"] = 102] = "LOWER_F";
    CharCodes[CharCodes["LOWER_X"] = 120] = "LOWER_X";
    CharCodes[CharCodes["LOWER_Z"] = 122] = "LOWER_Z";
    CharCodes[CharCodes["UPPER_A"] = 65] = "UPPER_A";
    CharCodes[CharCodes["UPPER_F"] = 70] = "UPPER_F";
    CharCodes[CharCodes["UPPER_Z"] = 90] = "UPPER_Z";
})(decode_CharCodes || (decode_CharCodes = {}));
/** Bit that needs to be set to convert an upper case ASCII character to lower case */
const decode_TO_LOWER_BIT = 0b100000;
var decode_BinTrieFlags;
(function (BinTrieFlags) {
    BinTrieFlags[BinTrieFlags["VALUE_LENGTH"] = 49152] = "VALUE_LENGTH";
    BinTrieFlags[BinTrieFlags["BRANCH_LENGTH"] = 16256] = "BRANCH_LENGTH";
    BinTrieFlags[BinTrieFlags["JUMP_TABLE"] = 127] = "JUMP_TABLE";
})(decode_BinTrieFlags || (decode_BinTrieFlags = {}));
function decode_isNumber(code) {
    return code >= decode_CharCodes.ZERO && code <= decode_CharCodes.NINE;
}
function decode_isHexadecimalCharacter(code) {
    return ((code >= decode_CharCodes.UPPER_A && code <= decode_CharCodes.UPPER_F) ||
        (code >= decode_CharCodes.LOWER_A && code <= decode_CharCodes.LOWER_F));
}
function decode_isAsciiAlphaNumeric(code) {
    return ((code >= decode_CharCodes.UPPER_A && code <= decode_CharCodes.UPPER_Z) ||
        (code >= decode_CharCodes.LOWER_A && code <= decode_CharCodes.LOWER_Z) ||
        decode_isNumber(code));
}
/**
 * Checks if the given character is a valid end character for an entity in an attribute.
 *
 * Attribute values that aren't terminated properly aren't parsed, and shouldn't lead to a parser error.
 * See the example in https://html.spec.whatwg.org/multipage/parsing.html#named-character-reference-state
 */
function decode_isEntityInAttributeInvalidEnd(code) {
    return code === decode_CharCodes.EQUALS || decode_isAsciiAlphaNumeric(code);
}
var decode_EntityDecoderState;
(function (EntityDecoderState) {
    EntityDecoderState[EntityDecoderState["EntityStart"] = 0] = "EntityStart";
    EntityDecoderState[EntityDecoderState["NumericStart"] = 1] = "NumericStart";
    EntityDecoderState[EntityDecoderState["NumericDecimal"] = 2] = "NumericDecimal";
    EntityDecoderState[EntityDecoderState["NumericHex"] = 3] = "NumericHex";
    EntityDecoderState[EntityDecoderState["NamedEntity"] = 4] = "NamedEntity";
})(decode_EntityDecoderState || (decode_EntityDecoderState = {}));
var esm_decode_DecodingMode;
(function (DecodingMode) {
    /** Entities in text nodes that can end with any character. */
    DecodingMode[DecodingMode["Legacy"] = 0] = "Legacy";
    /** Only allow entities terminated with a semicolon. */
    DecodingMode[DecodingMode["Strict"] = 1] = "Strict";
    /** Entities in attributes have limitations on ending characters. */
    DecodingMode[DecodingMode["Attribute"] = 2] = "Attribute";
})(esm_decode_DecodingMode || (esm_decode_DecodingMode = {}));
/**
 * Token decoder with support of writing partial entities.
 */
class decode_EntityDecoder {
    constructor(
    /** The tree used to decode entities. */
    decodeTree, 
    /**
     * The function that is called when a codepoint is decoded.
     *
     * For multi-byte named entities, this will be called multiple times,
     * with the second codepoint, and the same `consumed` value.
     *
     * @param codepoint The decoded codepoint.
     * @param consumed The number of bytes consumed by the decoder.
     */
    emitCodePoint, 
    /** An object that is used to produce errors. */
    errors) {
        this.decodeTree = decodeTree;
        this.emitCodePoint = emitCodePoint;
        this.errors = errors;
        /** The current state of the decoder. */
        this.state = decode_EntityDecoderState.EntityStart;
        /** Characters that were consumed while parsing an entity. */
        this.consumed = 1;
        /**
         * The result of the entity.
         *
         * Either the result index of a numeric entity, or the codepoint of a
         * numeric entity.
         */
        this.result = 0;
        /** The current index in the decode tree. */
        this.treeIndex = 0;
        /** The number of characters that were consumed in excess. */
        this.excess = 1;
        /** The mode in which the decoder is operating. */
        this.decodeMode = esm_decode_DecodingMode.Strict;
    }
    /** Resets the instance to make it reusable. */
    startEntity(decodeMode) {
        this.decodeMode = decodeMode;
        this.state = decode_EntityDecoderState.EntityStart;
        this.result = 0;
        this.treeIndex = 0;
        this.excess = 1;
        this.consumed = 1;
    }
    /**
     * Write an entity to the decoder. This can be called multiple times with partial entities.
     * If the entity is incomplete, the decoder will return -1.
     *
     * Mirrors the implementation of `getDecoder`, but with the ability to stop decoding if the
     * entity is incomplete, and resume when the next string is written.
     *
     * @param string The string containing the entity (or a continuation of the entity).
     * @param offset The offset at which the entity begins. Should be 0 if this is not the first call.
     * @returns The number of characters that were consumed, or -1 if the entity is incomplete.
     */
    write(str, offset) {
        switch (this.state) {
            case decode_EntityDecoderState.EntityStart: {
                if (str.charCodeAt(offset) === decode_CharCodes.NUM) {
                    this.state = decode_EntityDecoderState.NumericStart;
                    this.consumed += 1;
                    return this.stateNumericStart(str, offset + 1);
                }
                this.state = decode_EntityDecoderState.NamedEntity;
                return this.stateNamedEntity(str, offset);
            }
            case decode_EntityDecoderState.NumericStart: {
                return this.stateNumericStart(str, offset);
            }
            case decode_EntityDecoderState.NumericDecimal: {
                return this.stateNumericDecimal(str, offset);
            }
            case decode_EntityDecoderState.NumericHex: {
                return this.stateNumericHex(str, offset);
            }
            case decode_EntityDecoderState.NamedEntity: {
                return this.stateNamedEntity(str, offset);
            }
        }
    }
    /**
     * Switches between the numeric decimal and hexadecimal states.
     *
     * Equivalent to the `Numeric character reference state` in the HTML spec.
     *
     * @param str The string containing the entity (or a continuation of the entity).
     * @param offset The current offset.
     * @returns The number of characters that were consumed, or -1 if the entity is incomplete.
     */
    stateNumericStart(str, offset) {
        if (offset >= str.length) {
            return -1;
        }
        if ((str.charCodeAt(offset) | decode_TO_LOWER_BIT) === decode_CharCodes.LOWER_X) {
            this.state = decode_EntityDecoderState.NumericHex;
            this.consumed += 1;
            return this.stateNumericHex(str, offset + 1);
        }
        this.state = decode_EntityDecoderState.NumericDecimal;
        return this.stateNumericDecimal(str, offset);
    }
    addToNumericResult(str, start, end, base) {
        if (start !== end) {
            const digitCount = end - start;
            this.result =
                this.result * Math.pow(base, digitCount) +
                    parseInt(str.substr(start, digitCount), base);
            this.consumed += digitCount;
        }
    }
    /**
     * Parses a hexadecimal numeric entity.
     *
     * Equivalent to the `Hexademical character reference state` in the HTML spec.
     *
     * @param str The string containing the entity (or a continuation of the entity).
     * @param offset The current offset.
     * @returns The number of characters that were consumed, or -1 if the entity is incomplete.
     */
    stateNumericHex(str, offset) {
        const startIdx = offset;
        while (offset < str.length) {
            const char = str.charCodeAt(offset);
            if (decode_isNumber(char) || decode_isHexadecimalCharacter(char)) {
                offset += 1;
            }
            else {
                this.addToNumericResult(str, startIdx, offset, 16);
                return this.emitNumericEntity(char, 3);
            }
        }
        this.addToNumericResult(str, startIdx, offset, 16);
        return -1;
    }
    /**
     * Parses a decimal numeric entity.
     *
     * Equivalent to the `Decimal character reference state` in the HTML spec.
     *
     * @param str The string containing the entity (or a continuation of the entity).
     * @param offset The current offset.
     * @returns The number of characters that were consumed, or -1 if the entity is incomplete.
     */
    stateNumericDecimal(str, offset) {
        const startIdx = offset;
        while (offset < str.length) {
            const char = str.charCodeAt(offset);
            if (decode_isNumber(char)) {
                offset += 1;
            }
            else {
                this.addToNumericResult(str, startIdx, offset, 10);
                return this.emitNumericEntity(char, 2);
            }
        }
        this.addToNumericResult(str, startIdx, offset, 10);
        return -1;
    }
    /**
     * Validate and emit a numeric entity.
     *
     * Implements the logic from the `Hexademical character reference start
     * state` and `Numeric character reference end state` in the HTML spec.
     *
     * @param lastCp The last code point of the entity. Used to see if the
     *               entity was terminated with a semicolon.
     * @param expectedLength The minimum number of characters that should be
     *                       consumed. Used to validate that at least one digit
     *                       was consumed.
     * @returns The number of characters that were consumed.
     */
    emitNumericEntity(lastCp, expectedLength) {
        var _a;
        // Ensure we consumed at least one digit.
        if (this.consumed <= expectedLength) {
            (_a = this.errors) === null || _a === void 0 ? void 0 : _a.absenceOfDigitsInNumericCharacterReference(this.consumed);
            return 0;
        }
        // Figure out if this is a legit end of the entity
        if (lastCp === decode_CharCodes.SEMI) {
            this.consumed += 1;
        }
        else if (this.decodeMode === esm_decode_DecodingMode.Strict) {
            return 0;
        }
        this.emitCodePoint(decode_codepoint_replaceCodePoint(this.result), this.consumed);
        if (this.errors) {
            if (lastCp !== decode_CharCodes.SEMI) {
                this.errors.missingSemicolonAfterCharacterReference();
            }
            this.errors.validateNumericCharacterReference(this.result);
        }
        return this.consumed;
    }
    /**
     * Parses a named entity.
     *
     * Equivalent to the `Named character reference state` in the HTML spec.
     *
     * @param str The string containing the entity (or a continuation of the entity).
     * @param offset The current offset.
     * @returns The number of characters that were consumed, or -1 if the entity is incomplete.
     */
    stateNamedEntity(str, offset) {
        const { decodeTree } = this;
        let current = decodeTree[this.treeIndex];
        // The mask is the number of bytes of the value, including the current byte.
        let valueLength = (current & decode_BinTrieFlags.VALUE_LENGTH) >> 14;
        for (; offset < str.length; offset++, this.excess++) {
            const char = str.charCodeAt(offset);
            this.treeIndex = decode_determineBranch(decodeTree, current, this.treeIndex + Math.max(1, valueLength), char);
            if (this.treeIndex < 0) {
                return this.result === 0 ||
                    // If we are parsing an attribute
                    (this.decodeMode === esm_decode_DecodingMode.Attribute &&
                        // We shouldn't have consumed any characters after the entity,
                        (valueLength === 0 ||
                            // And there should be no invalid characters.
                            decode_isEntityInAttributeInvalidEnd(char)))
                    ? 0
                    : this.emitNotTerminatedNamedEntity();
            }
            current = decodeTree[this.treeIndex];
            valueLength = (current & decode_BinTrieFlags.VALUE_LENGTH) >> 14;
            // If the branch is a value, store it and continue
            if (valueLength !== 0) {
                // If the entity is terminated by a semicolon, we are done.
                if (char === decode_CharCodes.SEMI) {
                    return this.emitNamedEntityData(this.treeIndex, valueLength, this.consumed + this.excess);
                }
                // If we encounter a non-terminated (legacy) entity while parsing strictly, then ignore it.
                if (this.decodeMode !== esm_decode_DecodingMode.Strict) {
                    this.result = this.treeIndex;
                    this.consumed += this.excess;
                    this.excess = 0;
                }
            }
        }
        return -1;
    }
    /**
     * Emit a named entity that was not terminated with a semicolon.
     *
     * @returns The number of characters consumed.
     */
    emitNotTerminatedNamedEntity() {
        var _a;
        const { result, decodeTree } = this;
        const valueLength = (decodeTree[result] & decode_BinTrieFlags.VALUE_LENGTH) >> 14;
        this.emitNamedEntityData(result, valueLength, this.consumed);
        (_a = this.errors) === null || _a === void 0 ? void 0 : _a.missingSemicolonAfterCharacterReference();
        return this.consumed;
    }
    /**
     * Emit a named entity.
     *
     * @param result The index of the entity in the decode tree.
     * @param valueLength The number of bytes in the entity.
     * @param consumed The number of characters consumed.
     *
     * @returns The number of characters consumed.
     */
    emitNamedEntityData(result, valueLength, consumed) {
        const { decodeTree } = this;
        this.emitCodePoint(valueLength === 1
            ? decodeTree[result] & ~decode_BinTrieFlags.VALUE_LENGTH
            : decodeTree[result + 1], consumed);
        if (valueLength === 3) {
            // For multi-byte values, we need to emit the second byte.
            this.emitCodePoint(decodeTree[result + 2], consumed);
        }
        return consumed;
    }
    /**
     * Signal to the parser that the end of the input was reached.
     *
     * Remaining data will be emitted and relevant errors will be produced.
     *
     * @returns The number of characters consumed.
     */
    end() {
        var _a;
        switch (this.state) {
            case decode_EntityDecoderState.NamedEntity: {
                // Emit a named entity if we have one.
                return this.result !== 0 &&
                    (this.decodeMode !== esm_decode_DecodingMode.Attribute ||
                        this.result === this.treeIndex)
                    ? this.emitNotTerminatedNamedEntity()
                    : 0;
            }
            // Otherwise, emit a numeric entity if we have one.
            case decode_EntityDecoderState.NumericDecimal: {
                return this.emitNumericEntity(0, 2);
            }
            case decode_EntityDecoderState.NumericHex: {
                return this.emitNumericEntity(0, 3);
            }
            case decode_EntityDecoderState.NumericStart: {
                (_a = this.errors) === null || _a === void 0 ? void 0 : _a.absenceOfDigitsInNumericCharacterReference(this.consumed);
                return 0;
            }
            case decode_EntityDecoderState.EntityStart: {
                // Return 0 if we have no entity.
                return 0;
            }
        }
    }
}
/**
 * Creates a function that decodes entities in a string.
 *
 * @param decodeTree The decode tree.
 * @returns A function that decodes entities in a string.
 */
function decode_getDecoder(decodeTree) {
    let ret = "";
    const decoder = new decode_EntityDecoder(decodeTree, (str) => (ret += esm_decode_codepoint_fromCodePoint(str)));
    return function decodeWithTrie(str, decodeMode) {
        let lastIndex = 0;
        let offset = 0;
        while ((offset = str.indexOf("&", offset)) >= 0) {
            ret += str.slice(lastIndex, offset);
            decoder.startEntity(decodeMode);
            const len = decoder.write(str, 
            // Skip the "&"
            offset + 1);
            if (len < 0) {
                lastIndex = offset + decoder.end();
                break;
            }
            lastIndex = offset + len;
            // If `len` is 0, skip the current `&` and continue.
            offset = len === 0 ? lastIndex + 1 : lastIndex;
        }
        const result = ret + str.slice(lastIndex);
        // Make sure we don't keep a reference to the final string.
        ret = "";
        return result;
    };
}
/**
 * Determines the branch of the current node that is taken given the current
 * character. This function is used to traverse the trie.
 *
 * @param decodeTree The trie.
 * @param current The current node.
 * @param nodeIdx The index right after the current node and its value.
 * @param char The current character.
 * @returns The index of the next node, or -1 if no branch is taken.
 */
function decode_determineBranch(decodeTree, current, nodeIdx, char) {
    const branchCount = (current & decode_BinTrieFlags.BRANCH_LENGTH) >> 7;
    const jumpOffset = current & decode_BinTrieFlags.JUMP_TABLE;
    // Case 1: Single branch encoded in jump offset
    if (branchCount === 0) {
        return jumpOffset !== 0 && char === jumpOffset ? nodeIdx : -1;
    }
    // Case 2: Multiple branches encoded in jump table
    if (jumpOffset) {
        const value = char - jumpOffset;
        return value < 0 || value >= branchCount
            ? -1
            : decodeTree[nodeIdx + value] - 1;
    }
    // Case 3: Multiple branches encoded in dictionary
    // Binary search for the character.
    let lo = nodeIdx;
    let hi = lo + branchCount - 1;
    while (lo <= hi) {
        const mid = (lo + hi) >>> 1;
        const midVal = decodeTree[mid];
        if (midVal < char) {
            lo = mid + 1;
        }
        else if (midVal > char) {
            hi = mid - 1;
        }
        else {
            return decodeTree[mid + branchCount];
        }
    }
    return -1;
}
const decode_htmlDecoder = decode_getDecoder(decode_data_html);
const decode_xmlDecoder = decode_getDecoder(decode_data_xml);
/**
 * Decodes an HTML string.
 *
 * @param str The string to decode.
 * @param mode The decoding mode.
 * @returns The decoded string.
 */
function esm_decode_decodeHTML(str, mode = esm_decode_DecodingMode.Legacy) {
    return decode_htmlDecoder(str, mode);
}
/**
 * Decodes an HTML string in an attribute.
 *
 * @param str The string to decode.
 * @returns The decoded string.
 */
function decode_decodeHTMLAttribute(str) {
    return decode_htmlDecoder(str, esm_decode_DecodingMode.Attribute);
}
/**
 * Decodes an HTML string, requiring all entities to be terminated by a semicolon.
 *
 * @param str The string to decode.
 * @returns The decoded string.
 */
function decode_decodeHTMLStrict(str) {
    return decode_htmlDecoder(str, esm_decode_DecodingMode.Strict);
}
/**
 * Decodes an XML string, requiring all entities to be terminated by a semicolon.
 *
 * @param str The string to decode.
 * @returns The decoded string.
 */
function esm_decode_decodeXML(str) {
    return decode_xmlDecoder(str, esm_decode_DecodingMode.Strict);
}
//# sourceMappingURL=decode.js.map
;// CONCATENATED MODULE: ./node_modules/dom-serializer/node_modules/entities/lib/esm/generated/encode-html.js
// Generated using scripts/write-encode-map.ts
function restoreDiff(arr) {
    for (let i = 1; i < arr.length; i++) {
        arr[i][0] += arr[i - 1][0] + 1;
    }
    return arr;
}
// prettier-ignore
/* harmony default export */ const encode_html = (new Map(/* #__PURE__ */ restoreDiff([[9, "&Tab;"], [0, "&NewLine;"], [22, "&excl;"], [0, "&quot;"], [0, "&num;"], [0, "&dollar;"], [0, "&percnt;"], [0, "&amp;"], [0, "&apos;"], [0, "&lpar;"], [0, "&rpar;"], [0, "&ast;"], [0, "&plus;"], [0, "&comma;"], [1, "&period;"], [0, "&sol;"], [10, "&colon;"], [0, "&semi;"], [0, { v: "&lt;", n: 8402, o: "&nvlt;" }], [0, { v: "&equals;", n: 8421, o: "&bne;" }], [0, { v: "&gt;", n: 8402, o: "&nvgt;" }], [0, "&quest;"], [0, "&commat;"], [26, "&lbrack;"], [0, "&bsol;"], [0, "&rbrack;"], [0, "&Hat;"], [0, "&lowbar;"], [0, "&DiacriticalGrave;"], [5, { n: 106, o: "&fjlig;" }], [20, "&lbrace;"], [0, "&verbar;"], [0, "&rbrace;"], [34, "&nbsp;"], [0, "&iexcl;"], [0, "&cent;"], [0, "&pound;"], [0, "&curren;"], [0, "&yen;"], [0, "&brvbar;"], [0, "&sect;"], [0, "&die;"], [0, "&copy;"], [0, "&ordf;"], [0, "&laquo;"], [0, "&not;"], [0, "&shy;"], [0, "&circledR;"], [0, "&macr;"], [0, "&deg;"], [0, "&PlusMinus;"], [0, "&sup2;"], [0, "&sup3;"], [0, "&acute;"], [0, "&micro;"], [0, "&para;"], [0, "&centerdot;"], [0, "&cedil;"], [0, "&sup1;"], [0, "&ordm;"], [0, "&raquo;"], [0, "&frac14;"], [0, "&frac12;"], [0, "&frac34;"], [0, "&iquest;"], [0, "&Agrave;"], [0, "&Aacute;"], [0, "&Acirc;"], [0, "&Atilde;"], [0, "&Auml;"], [0, "&angst;"], [0, "&AElig;"], [0, "&Ccedil;"], [0, "&Egrave;"], [0, "&Eacute;"], [0, "&Ecirc;"], [0, "&Euml;"], [0, "&Igrave;"], [0, "&Iacute;"], [0, "&Icirc;"], [0, "&Iuml;"], [0, "&ETH;"], [0, "&Ntilde;"], [0, "&Ograve;"], [0, "&Oacute;"], [0, "&Ocirc;"], [0, "&Otilde;"], [0, "&Ouml;"], [0, "&times;"], [0, "&Oslash;"], [0, "&Ugrave;"], [0, "&Uacute;"], [0, "&Ucirc;"], [0, "&Uuml;"], [0, "&Yacute;"], [0, "&THORN;"], [0, "&szlig;"], [0, "&agrave;"], [0, "&aacute;"], [0, "&acirc;"], [0, "&atilde;"], [0, "&auml;"], [0, "&aring;"], [0, "&aelig;"], [0, "&ccedil;"], [0, "&egrave;"], [0, "&eacute;"], [0, "&ecirc;"], [0, "&euml;"], [0, "&igrave;"], [0, "&iacute;"], [0, "&icirc;"], [0, "&iuml;"], [0, "&eth;"], [0, "&ntilde;"], [0, "&ograve;"], [0, "&oacute;"], [0, "&ocirc;"], [0, "&otilde;"], [0, "&ouml;"], [0, "&div;"], [0, "&oslash;"], [0, "&ugrave;"], [0, "&uacute;"], [0, "&ucirc;"], [0, "&uuml;"], [0, "&yacute;"], [0, "&thorn;"], [0, "&yuml;"], [0, "&Amacr;"], [0, "&amacr;"], [0, "&Abreve;"], [0, "&abreve;"], [0, "&Aogon;"], [0, "&aogon;"], [0, "&Cacute;"], [0, "&cacute;"], [0, "&Ccirc;"], [0, "&ccirc;"], [0, "&Cdot;"], [0, "&cdot;"], [0, "&Ccaron;"], [0, "&ccaron;"], [0, "&Dcaron;"], [0, "&dcaron;"], [0, "&Dstrok;"], [0, "&dstrok;"], [0, "&Emacr;"], [0, "&emacr;"], [2, "&Edot;"], [0, "&edot;"], [0, "&Eogon;"], [0, "&eogon;"], [0, "&Ecaron;"], [0, "&ecaron;"], [0, "&Gcirc;"], [0, "&gcirc;"], [0, "&Gbreve;"], [0, "&gbreve;"], [0, "&Gdot;"], [0, "&gdot;"], [0, "&Gcedil;"], [1, "&Hcirc;"], [0, "&hcirc;"], [0, "&Hstrok;"], [0, "&hstrok;"], [0, "&Itilde;"], [0, "&itilde;"], [0, "&Imacr;"], [0, "&imacr;"], [2, "&Iogon;"], [0, "&iogon;"], [0, "&Idot;"], [0, "&imath;"], [0, "&IJlig;"], [0, "&ijlig;"], [0, "&Jcirc;"], [0, "&jcirc;"], [0, "&Kcedil;"], [0, "&kcedil;"], [0, "&kgreen;"], [0, "&Lacute;"], [0, "&lacute;"], [0, "&Lcedil;"], [0, "&lcedil;"], [0, "&Lcaron;"], [0, "&lcaron;"], [0, "&Lmidot;"], [0, "&lmidot;"], [0, "&Lstrok;"], [0, "&lstrok;"], [0, "&Nacute;"], [0, "&nacute;"], [0, "&Ncedil;"], [0, "&ncedil;"], [0, "&Ncaron;"], [0, "&ncaron;"], [0, "&napos;"], [0, "&ENG;"], [0, "&eng;"], [0, "&Omacr;"], [0, "&omacr;"], [2, "&Odblac;"], [0, "&odblac;"], [0, "&OElig;"], [0, "&oelig;"], [0, "&Racute;"], [0, "&racute;"], [0, "&Rcedil;"], [0, "&rcedil;"], [0, "&Rcaron;"], [0, "&rcaron;"], [0, "&Sacute;"], [0, "&sacute;"], [0, "&Scirc;"], [0, "&scirc;"], [0, "&Scedil;"], [0, "&scedil;"], [0, "&Scaron;"], [0, "&scaron;"], [0, "&Tcedil;"], [0, "&tcedil;"], [0, "&Tcaron;"], [0, "&tcaron;"], [0, "&Tstrok;"], [0, "&tstrok;"], [0, "&Utilde;"], [0, "&utilde;"], [0, "&Umacr;"], [0, "&umacr;"], [0, "&Ubreve;"], [0, "&ubreve;"], [0, "&Uring;"], [0, "&uring;"], [0, "&Udblac;"], [0, "&udblac;"], [0, "&Uogon;"], [0, "&uogon;"], [0, "&Wcirc;"], [0, "&wcirc;"], [0, "&Ycirc;"], [0, "&ycirc;"], [0, "&Yuml;"], [0, "&Zacute;"], [0, "&zacute;"], [0, "&Zdot;"], [0, "&zdot;"], [0, "&Zcaron;"], [0, "&zcaron;"], [19, "&fnof;"], [34, "&imped;"], [63, "&gacute;"], [65, "&jmath;"], [142, "&circ;"], [0, "&caron;"], [16, "&breve;"], [0, "&DiacriticalDot;"], [0, "&ring;"], [0, "&ogon;"], [0, "&DiacriticalTilde;"], [0, "&dblac;"], [51, "&DownBreve;"], [127, "&Alpha;"], [0, "&Beta;"], [0, "&Gamma;"], [0, "&Delta;"], [0, "&Epsilon;"], [0, "&Zeta;"], [0, "&Eta;"], [0, "&Theta;"], [0, "&Iota;"], [0, "&Kappa;"], [0, "&Lambda;"], [0, "&Mu;"], [0, "&Nu;"], [0, "&Xi;"], [0, "&Omicron;"], [0, "&Pi;"], [0, "&Rho;"], [1, "&Sigma;"], [0, "&Tau;"], [0, "&Upsilon;"], [0, "&Phi;"], [0, "&Chi;"], [0, "&Psi;"], [0, "&ohm;"], [7, "&alpha;"], [0, "&beta;"], [0, "&gamma;"], [0, "&delta;"], [0, "&epsi;"], [0, "&zeta;"], [0, "&eta;"], [0, "&theta;"], [0, "&iota;"], [0, "&kappa;"], [0, "&lambda;"], [0, "&mu;"], [0, "&nu;"], [0, "&xi;"], [0, "&omicron;"], [0, "&pi;"], [0, "&rho;"], [0, "&sigmaf;"], [0, "&sigma;"], [0, "&tau;"], [0, "&upsi;"], [0, "&phi;"], [0, "&chi;"], [0, "&psi;"], [0, "&omega;"], [7, "&thetasym;"], [0, "&Upsi;"], [2, "&phiv;"], [0, "&piv;"], [5, "&Gammad;"], [0, "&digamma;"], [18, "&kappav;"], [0, "&rhov;"], [3, "&epsiv;"], [0, "&backepsilon;"], [10, "&IOcy;"], [0, "&DJcy;"], [0, "&GJcy;"], [0, "&Jukcy;"], [0, "&DScy;"], [0, "&Iukcy;"], [0, "&YIcy;"], [0, "&Jsercy;"], [0, "&LJcy;"], [0, "&NJcy;"], [0, "&TSHcy;"], [0, "&KJcy;"], [1, "&Ubrcy;"], [0, "&DZcy;"], [0, "&Acy;"], [0, "&Bcy;"], [0, "&Vcy;"], [0, "&Gcy;"], [0, "&Dcy;"], [0, "&IEcy;"], [0, "&ZHcy;"], [0, "&Zcy;"], [0, "&Icy;"], [0, "&Jcy;"], [0, "&Kcy;"], [0, "&Lcy;"], [0, "&Mcy;"], [0, "&Ncy;"], [0, "&Ocy;"], [0, "&Pcy;"], [0, "&Rcy;"], [0, "&Scy;"], [0, "&Tcy;"], [0, "&Ucy;"], [0, "&Fcy;"], [0, "&KHcy;"], [0, "&TScy;"], [0, "&CHcy;"], [0, "&SHcy;"], [0, "&SHCHcy;"], [0, "&HARDcy;"], [0, "&Ycy;"], [0, "&SOFTcy;"], [0, "&Ecy;"], [0, "&YUcy;"], [0, "&YAcy;"], [0, "&acy;"], [0, "&bcy;"], [0, "&vcy;"], [0, "&gcy;"], [0, "&dcy;"], [0, "&iecy;"], [0, "&zhcy;"], [0, "&zcy;"], [0, "&icy;"], [0, "&jcy;"], [0, "&kcy;"], [0, "&lcy;"], [0, "&mcy;"], [0, "&ncy;"], [0, "&ocy;"], [0, "&pcy;"], [0, "&rcy;"], [0, "&scy;"], [0, "&tcy;"], [0, "&ucy;"], [0, "&fcy;"], [0, "&khcy;"], [0, "&tscy;"], [0, "&chcy;"], [0, "&shcy;"], [0, "&shchcy;"], [0, "&hardcy;"], [0, "&ycy;"], [0, "&softcy;"], [0, "&ecy;"], [0, "&yucy;"], [0, "&yacy;"], [1, "&iocy;"], [0, "&djcy;"], [0, "&gjcy;"], [0, "&jukcy;"], [0, "&dscy;"], [0, "&iukcy;"], [0, "&yicy;"], [0, "&jsercy;"], [0, "&ljcy;"], [0, "&njcy;"], [0, "&tshcy;"], [0, "&kjcy;"], [1, "&ubrcy;"], [0, "&dzcy;"], [7074, "&ensp;"], [0, "&emsp;"], [0, "&emsp13;"], [0, "&emsp14;"], [1, "&numsp;"], [0, "&puncsp;"], [0, "&ThinSpace;"], [0, "&hairsp;"], [0, "&NegativeMediumSpace;"], [0, "&zwnj;"], [0, "&zwj;"], [0, "&lrm;"], [0, "&rlm;"], [0, "&dash;"], [2, "&ndash;"], [0, "&mdash;"], [0, "&horbar;"], [0, "&Verbar;"], [1, "&lsquo;"], [0, "&CloseCurlyQuote;"], [0, "&lsquor;"], [1, "&ldquo;"], [0, "&CloseCurlyDoubleQuote;"], [0, "&bdquo;"], [1, "&dagger;"], [0, "&Dagger;"], [0, "&bull;"], [2, "&nldr;"], [0, "&hellip;"], [9, "&permil;"], [0, "&pertenk;"], [0, "&prime;"], [0, "&Prime;"], [0, "&tprime;"], [0, "&backprime;"], [3, "&lsaquo;"], [0, "&rsaquo;"], [3, "&oline;"], [2, "&caret;"], [1, "&hybull;"], [0, "&frasl;"], [10, "&bsemi;"], [7, "&qprime;"], [7, { v: "&MediumSpace;", n: 8202, o: "&ThickSpace;" }], [0, "&NoBreak;"], [0, "&af;"], [0, "&InvisibleTimes;"], [0, "&ic;"], [72, "&euro;"], [46, "&tdot;"], [0, "&DotDot;"], [37, "&complexes;"], [2, "&incare;"], [4, "&gscr;"], [0, "&hamilt;"], [0, "&Hfr;"], [0, "&Hopf;"], [0, "&planckh;"], [0, "&hbar;"], [0, "&imagline;"], [0, "&Ifr;"], [0, "&lagran;"], [0, "&ell;"], [1, "&naturals;"], [0, "&numero;"], [0, "&copysr;"], [0, "&weierp;"], [0, "&Popf;"], [0, "&Qopf;"], [0, "&realine;"], [0, "&real;"], [0, "&reals;"], [0, "&rx;"], [3, "&trade;"], [1, "&integers;"], [2, "&mho;"], [0, "&zeetrf;"], [0, "&iiota;"], [2, "&bernou;"], [0, "&Cayleys;"], [1, "&escr;"], [0, "&Escr;"], [0, "&Fouriertrf;"], [1, "&Mellintrf;"], [0, "&order;"], [0, "&alefsym;"], [0, "&beth;"], [0, "&gimel;"], [0, "&daleth;"], [12, "&CapitalDifferentialD;"], [0, "&dd;"], [0, "&ee;"], [0, "&ii;"], [10, "&frac13;"], [0, "&frac23;"], [0, "&frac15;"], [0, "&frac25;"], [0, "&frac35;"], [0, "&frac45;"], [0, "&frac16;"], [0, "&frac56;"], [0, "&frac18;"], [0, "&frac38;"], [0, "&frac58;"], [0, "&frac78;"], [49, "&larr;"], [0, "&ShortUpArrow;"], [0, "&rarr;"], [0, "&darr;"], [0, "&harr;"], [0, "&updownarrow;"], [0, "&nwarr;"], [0, "&nearr;"], [0, "&LowerRightArrow;"], [0, "&LowerLeftArrow;"], [0, "&nlarr;"], [0, "&nrarr;"], [1, { v: "&rarrw;", n: 824, o: "&nrarrw;" }], [0, "&Larr;"], [0, "&Uarr;"], [0, "&Rarr;"], [0, "&Darr;"], [0, "&larrtl;"], [0, "&rarrtl;"], [0, "&LeftTeeArrow;"], [0, "&mapstoup;"], [0, "&map;"], [0, "&DownTeeArrow;"], [1, "&hookleftarrow;"], [0, "&hookrightarrow;"], [0, "&larrlp;"], [0, "&looparrowright;"], [0, "&harrw;"], [0, "&nharr;"], [1, "&lsh;"], [0, "&rsh;"], [0, "&ldsh;"], [0, "&rdsh;"], [1, "&crarr;"], [0, "&cularr;"], [0, "&curarr;"], [2, "&circlearrowleft;"], [0, "&circlearrowright;"], [0, "&leftharpoonup;"], [0, "&DownLeftVector;"], [0, "&RightUpVector;"], [0, "&LeftUpVector;"], [0, "&rharu;"], [0, "&DownRightVector;"], [0, "&dharr;"], [0, "&dharl;"], [0, "&RightArrowLeftArrow;"], [0, "&udarr;"], [0, "&LeftArrowRightArrow;"], [0, "&leftleftarrows;"], [0, "&upuparrows;"], [0, "&rightrightarrows;"], [0, "&ddarr;"], [0, "&leftrightharpoons;"], [0, "&Equilibrium;"], [0, "&nlArr;"], [0, "&nhArr;"], [0, "&nrArr;"], [0, "&DoubleLeftArrow;"], [0, "&DoubleUpArrow;"], [0, "&DoubleRightArrow;"], [0, "&dArr;"], [0, "&DoubleLeftRightArrow;"], [0, "&DoubleUpDownArrow;"], [0, "&nwArr;"], [0, "&neArr;"], [0, "&seArr;"], [0, "&swArr;"], [0, "&lAarr;"], [0, "&rAarr;"], [1, "&zigrarr;"], [6, "&larrb;"], [0, "&rarrb;"], [15, "&DownArrowUpArrow;"], [7, "&loarr;"], [0, "&roarr;"], [0, "&hoarr;"], [0, "&forall;"], [0, "&comp;"], [0, { v: "&part;", n: 824, o: "&npart;" }], [0, "&exist;"], [0, "&nexist;"], [0, "&empty;"], [1, "&Del;"], [0, "&Element;"], [0, "&NotElement;"], [1, "&ni;"], [0, "&notni;"], [2, "&prod;"], [0, "&coprod;"], [0, "&sum;"], [0, "&minus;"], [0, "&MinusPlus;"], [0, "&dotplus;"], [1, "&Backslash;"], [0, "&lowast;"], [0, "&compfn;"], [1, "&radic;"], [2, "&prop;"], [0, "&infin;"], [0, "&angrt;"], [0, { v: "&ang;", n: 8402, o: "&nang;" }], [0, "&angmsd;"], [0, "&angsph;"], [0, "&mid;"], [0, "&nmid;"], [0, "&DoubleVerticalBar;"], [0, "&NotDoubleVerticalBar;"], [0, "&and;"], [0, "&or;"], [0, { v: "&cap;", n: 65024, o: "&caps;" }], [0, { v: "&cup;", n: 65024, o: "&cups;" }], [0, "&int;"], [0, "&Int;"], [0, "&iiint;"], [0, "&conint;"], [0, "&Conint;"], [0, "&Cconint;"], [0, "&cwint;"], [0, "&ClockwiseContourIntegral;"], [0, "&awconint;"], [0, "&there4;"], [0, "&becaus;"], [0, "&ratio;"], [0, "&Colon;"], [0, "&dotminus;"], [1, "&mDDot;"], [0, "&homtht;"], [0, { v: "&sim;", n: 8402, o: "&nvsim;" }], [0, { v: "&backsim;", n: 817, o: "&race;" }], [0, { v: "&ac;", n: 819, o: "&acE;" }], [0, "&acd;"], [0, "&VerticalTilde;"], [0, "&NotTilde;"], [0, { v: "&eqsim;", n: 824, o: "&nesim;" }], [0, "&sime;"], [0, "&NotTildeEqual;"], [0, "&cong;"], [0, "&simne;"], [0, "&ncong;"], [0, "&ap;"], [0, "&nap;"], [0, "&ape;"], [0, { v: "&apid;", n: 824, o: "&napid;" }], [0, "&backcong;"], [0, { v: "&asympeq;", n: 8402, o: "&nvap;" }], [0, { v: "&bump;", n: 824, o: "&nbump;" }], [0, { v: "&bumpe;", n: 824, o: "&nbumpe;" }], [0, { v: "&doteq;", n: 824, o: "&nedot;" }], [0, "&doteqdot;"], [0, "&efDot;"], [0, "&erDot;"], [0, "&Assign;"], [0, "&ecolon;"], [0, "&ecir;"], [0, "&circeq;"], [1, "&wedgeq;"], [0, "&veeeq;"], [1, "&triangleq;"], [2, "&equest;"], [0, "&ne;"], [0, { v: "&Congruent;", n: 8421, o: "&bnequiv;" }], [0, "&nequiv;"], [1, { v: "&le;", n: 8402, o: "&nvle;" }], [0, { v: "&ge;", n: 8402, o: "&nvge;" }], [0, { v: "&lE;", n: 824, o: "&nlE;" }], [0, { v: "&gE;", n: 824, o: "&ngE;" }], [0, { v: "&lnE;", n: 65024, o: "&lvertneqq;" }], [0, { v: "&gnE;", n: 65024, o: "&gvertneqq;" }], [0, { v: "&ll;", n: new Map(/* #__PURE__ */ restoreDiff([[824, "&nLtv;"], [7577, "&nLt;"]])) }], [0, { v: "&gg;", n: new Map(/* #__PURE__ */ restoreDiff([[824, "&nGtv;"], [7577, "&nGt;"]])) }], [0, "&between;"], [0, "&NotCupCap;"], [0, "&nless;"], [0, "&ngt;"], [0, "&nle;"], [0, "&nge;"], [0, "&lesssim;"], [0, "&GreaterTilde;"], [0, "&nlsim;"], [0, "&ngsim;"], [0, "&LessGreater;"], [0, "&gl;"], [0, "&NotLessGreater;"], [0, "&NotGreaterLess;"], [0, "&pr;"], [0, "&sc;"], [0, "&prcue;"], [0, "&sccue;"], [0, "&PrecedesTilde;"], [0, { v: "&scsim;", n: 824, o: "&NotSucceedsTilde;" }], [0, "&NotPrecedes;"], [0, "&NotSucceeds;"], [0, { v: "&sub;", n: 8402, o: "&NotSubset;" }], [0, { v: "&sup;", n: 8402, o: "&NotSuperset;" }], [0, "&nsub;"], [0, "&nsup;"], [0, "&sube;"], [0, "&supe;"], [0, "&NotSubsetEqual;"], [0, "&NotSupersetEqual;"], [0, { v: "&subne;", n: 65024, o: "&varsubsetneq;" }], [0, { v: "&supne;", n: 65024, o: "&varsupsetneq;" }], [1, "&cupdot;"], [0, "&UnionPlus;"], [0, { v: "&sqsub;", n: 824, o: "&NotSquareSubset;" }], [0, { v: "&sqsup;", n: 824, o: "&NotSquareSuperset;" }], [0, "&sqsube;"], [0, "&sqsupe;"], [0, { v: "&sqcap;", n: 65024, o: "&sqcaps;" }], [0, { v: "&sqcup;", n: 65024, o: "&sqcups;" }], [0, "&CirclePlus;"], [0, "&CircleMinus;"], [0, "&CircleTimes;"], [0, "&osol;"], [0, "&CircleDot;"], [0, "&circledcirc;"], [0, "&circledast;"], [1, "&circleddash;"], [0, "&boxplus;"], [0, "&boxminus;"], [0, "&boxtimes;"], [0, "&dotsquare;"], [0, "&RightTee;"], [0, "&dashv;"], [0, "&DownTee;"], [0, "&bot;"], [1, "&models;"], [0, "&DoubleRightTee;"], [0, "&Vdash;"], [0, "&Vvdash;"], [0, "&VDash;"], [0, "&nvdash;"], [0, "&nvDash;"], [0, "&nVdash;"], [0, "&nVDash;"], [0, "&prurel;"], [1, "&LeftTriangle;"], [0, "&RightTriangle;"], [0, { v: "&LeftTriangleEqual;", n: 8402, o: "&nvltrie;" }], [0, { v: "&RightTriangleEqual;", n: 8402, o: "&nvrtrie;" }], [0, "&origof;"], [0, "&imof;"], [0, "&multimap;"], [0, "&hercon;"], [0, "&intcal;"], [0, "&veebar;"], [1, "&barvee;"], [0, "&angrtvb;"], [0, "&lrtri;"], [0, "&bigwedge;"], [0, "&bigvee;"], [0, "&bigcap;"], [0, "&bigcup;"], [0, "&diam;"], [0, "&sdot;"], [0, "&sstarf;"], [0, "&divideontimes;"], [0, "&bowtie;"], [0, "&ltimes;"], [0, "&rtimes;"], [0, "&leftthreetimes;"], [0, "&rightthreetimes;"], [0, "&backsimeq;"], [0, "&curlyvee;"], [0, "&curlywedge;"], [0, "&Sub;"], [0, "&Sup;"], [0, "&Cap;"], [0, "&Cup;"], [0, "&fork;"], [0, "&epar;"], [0, "&lessdot;"], [0, "&gtdot;"], [0, { v: "&Ll;", n: 824, o: "&nLl;" }], [0, { v: "&Gg;", n: 824, o: "&nGg;" }], [0, { v: "&leg;", n: 65024, o: "&lesg;" }], [0, { v: "&gel;", n: 65024, o: "&gesl;" }], [2, "&cuepr;"], [0, "&cuesc;"], [0, "&NotPrecedesSlantEqual;"], [0, "&NotSucceedsSlantEqual;"], [0, "&NotSquareSubsetEqual;"], [0, "&NotSquareSupersetEqual;"], [2, "&lnsim;"], [0, "&gnsim;"], [0, "&precnsim;"], [0, "&scnsim;"], [0, "&nltri;"], [0, "&NotRightTriangle;"], [0, "&nltrie;"], [0, "&NotRightTriangleEqual;"], [0, "&vellip;"], [0, "&ctdot;"], [0, "&utdot;"], [0, "&dtdot;"], [0, "&disin;"], [0, "&isinsv;"], [0, "&isins;"], [0, { v: "&isindot;", n: 824, o: "&notindot;" }], [0, "&notinvc;"], [0, "&notinvb;"], [1, { v: "&isinE;", n: 824, o: "&notinE;" }], [0, "&nisd;"], [0, "&xnis;"], [0, "&nis;"], [0, "&notnivc;"], [0, "&notnivb;"], [6, "&barwed;"], [0, "&Barwed;"], [1, "&lceil;"], [0, "&rceil;"], [0, "&LeftFloor;"], [0, "&rfloor;"], [0, "&drcrop;"], [0, "&dlcrop;"], [0, "&urcrop;"], [0, "&ulcrop;"], [0, "&bnot;"], [1, "&profline;"], [0, "&profsurf;"], [1, "&telrec;"], [0, "&target;"], [5, "&ulcorn;"], [0, "&urcorn;"], [0, "&dlcorn;"], [0, "&drcorn;"], [2, "&frown;"], [0, "&smile;"], [9, "&cylcty;"], [0, "&profalar;"], [7, "&topbot;"], [6, "&ovbar;"], [1, "&solbar;"], [60, "&angzarr;"], [51, "&lmoustache;"], [0, "&rmoustache;"], [2, "&OverBracket;"], [0, "&bbrk;"], [0, "&bbrktbrk;"], [37, "&OverParenthesis;"], [0, "&UnderParenthesis;"], [0, "&OverBrace;"], [0, "&UnderBrace;"], [2, "&trpezium;"], [4, "&elinters;"], [59, "&blank;"], [164, "&circledS;"], [55, "&boxh;"], [1, "&boxv;"], [9, "&boxdr;"], [3, "&boxdl;"], [3, "&boxur;"], [3, "&boxul;"], [3, "&boxvr;"], [7, "&boxvl;"], [7, "&boxhd;"], [7, "&boxhu;"], [7, "&boxvh;"], [19, "&boxH;"], [0, "&boxV;"], [0, "&boxdR;"], [0, "&boxDr;"], [0, "&boxDR;"], [0, "&boxdL;"], [0, "&boxDl;"], [0, "&boxDL;"], [0, "&boxuR;"], [0, "&boxUr;"], [0, "&boxUR;"], [0, "&boxuL;"], [0, "&boxUl;"], [0, "&boxUL;"], [0, "&boxvR;"], [0, "&boxVr;"], [0, "&boxVR;"], [0, "&boxvL;"], [0, "&boxVl;"], [0, "&boxVL;"], [0, "&boxHd;"], [0, "&boxhD;"], [0, "&boxHD;"], [0, "&boxHu;"], [0, "&boxhU;"], [0, "&boxHU;"], [0, "&boxvH;"], [0, "&boxVh;"], [0, "&boxVH;"], [19, "&uhblk;"], [3, "&lhblk;"], [3, "&block;"], [8, "&blk14;"], [0, "&blk12;"], [0, "&blk34;"], [13, "&square;"], [8, "&blacksquare;"], [0, "&EmptyVerySmallSquare;"], [1, "&rect;"], [0, "&marker;"], [2, "&fltns;"], [1, "&bigtriangleup;"], [0, "&blacktriangle;"], [0, "&triangle;"], [2, "&blacktriangleright;"], [0, "&rtri;"], [3, "&bigtriangledown;"], [0, "&blacktriangledown;"], [0, "&dtri;"], [2, "&blacktriangleleft;"], [0, "&ltri;"], [6, "&loz;"], [0, "&cir;"], [32, "&tridot;"], [2, "&bigcirc;"], [8, "&ultri;"], [0, "&urtri;"], [0, "&lltri;"], [0, "&EmptySmallSquare;"], [0, "&FilledSmallSquare;"], [8, "&bigstar;"], [0, "&star;"], [7, "&phone;"], [49, "&female;"], [1, "&male;"], [29, "&spades;"], [2, "&clubs;"], [1, "&hearts;"], [0, "&diamondsuit;"], [3, "&sung;"], [2, "&flat;"], [0, "&natural;"], [0, "&sharp;"], [163, "&check;"], [3, "&cross;"], [8, "&malt;"], [21, "&sext;"], [33, "&VerticalSeparator;"], [25, "&lbbrk;"], [0, "&rbbrk;"], [84, "&bsolhsub;"], [0, "&suphsol;"], [28, "&LeftDoubleBracket;"], [0, "&RightDoubleBracket;"], [0, "&lang;"], [0, "&rang;"], [0, "&Lang;"], [0, "&Rang;"], [0, "&loang;"], [0, "&roang;"], [7, "&longleftarrow;"], [0, "&longrightarrow;"], [0, "&longleftrightarrow;"], [0, "&DoubleLongLeftArrow;"], [0, "&DoubleLongRightArrow;"], [0, "&DoubleLongLeftRightArrow;"], [1, "&longmapsto;"], [2, "&dzigrarr;"], [258, "&nvlArr;"], [0, "&nvrArr;"], [0, "&nvHarr;"], [0, "&Map;"], [6, "&lbarr;"], [0, "&bkarow;"], [0, "&lBarr;"], [0, "&dbkarow;"], [0, "&drbkarow;"], [0, "&DDotrahd;"], [0, "&UpArrowBar;"], [0, "&DownArrowBar;"], [2, "&Rarrtl;"], [2, "&latail;"], [0, "&ratail;"], [0, "&lAtail;"], [0, "&rAtail;"], [0, "&larrfs;"], [0, "&rarrfs;"], [0, "&larrbfs;"], [0, "&rarrbfs;"], [2, "&nwarhk;"], [0, "&nearhk;"], [0, "&hksearow;"], [0, "&hkswarow;"], [0, "&nwnear;"], [0, "&nesear;"], [0, "&seswar;"], [0, "&swnwar;"], [8, { v: "&rarrc;", n: 824, o: "&nrarrc;" }], [1, "&cudarrr;"], [0, "&ldca;"], [0, "&rdca;"], [0, "&cudarrl;"], [0, "&larrpl;"], [2, "&curarrm;"], [0, "&cularrp;"], [7, "&rarrpl;"], [2, "&harrcir;"], [0, "&Uarrocir;"], [0, "&lurdshar;"], [0, "&ldrushar;"], [2, "&LeftRightVector;"], [0, "&RightUpDownVector;"], [0, "&DownLeftRightVector;"], [0, "&LeftUpDownVector;"], [0, "&LeftVectorBar;"], [0, "&RightVectorBar;"], [0, "&RightUpVectorBar;"], [0, "&RightDownVectorBar;"], [0, "&DownLeftVectorBar;"], [0, "&DownRightVectorBar;"], [0, "&LeftUpVectorBar;"], [0, "&LeftDownVectorBar;"], [0, "&LeftTeeVector;"], [0, "&RightTeeVector;"], [0, "&RightUpTeeVector;"], [0, "&RightDownTeeVector;"], [0, "&DownLeftTeeVector;"], [0, "&DownRightTeeVector;"], [0, "&LeftUpTeeVector;"], [0, "&LeftDownTeeVector;"], [0, "&lHar;"], [0, "&uHar;"], [0, "&rHar;"], [0, "&dHar;"], [0, "&luruhar;"], [0, "&ldrdhar;"], [0, "&ruluhar;"], [0, "&rdldhar;"], [0, "&lharul;"], [0, "&llhard;"], [0, "&rharul;"], [0, "&lrhard;"], [0, "&udhar;"], [0, "&duhar;"], [0, "&RoundImplies;"], [0, "&erarr;"], [0, "&simrarr;"], [0, "&larrsim;"], [0, "&rarrsim;"], [0, "&rarrap;"], [0, "&ltlarr;"], [1, "&gtrarr;"], [0, "&subrarr;"], [1, "&suplarr;"], [0, "&lfisht;"], [0, "&rfisht;"], [0, "&ufisht;"], [0, "&dfisht;"], [5, "&lopar;"], [0, "&ropar;"], [4, "&lbrke;"], [0, "&rbrke;"], [0, "&lbrkslu;"], [0, "&rbrksld;"], [0, "&lbrksld;"], [0, "&rbrkslu;"], [0, "&langd;"], [0, "&rangd;"], [0, "&lparlt;"], [0, "&rpargt;"], [0, "&gtlPar;"], [0, "&ltrPar;"], [3, "&vzigzag;"], [1, "&vangrt;"], [0, "&angrtvbd;"], [6, "&ange;"], [0, "&range;"], [0, "&dwangle;"], [0, "&uwangle;"], [0, "&angmsdaa;"], [0, "&angmsdab;"], [0, "&angmsdac;"], [0, "&angmsdad;"], [0, "&angmsdae;"], [0, "&angmsdaf;"], [0, "&angmsdag;"], [0, "&angmsdah;"], [0, "&bemptyv;"], [0, "&demptyv;"], [0, "&cemptyv;"], [0, "&raemptyv;"], [0, "&laemptyv;"], [0, "&ohbar;"], [0, "&omid;"], [0, "&opar;"], [1, "&operp;"], [1, "&olcross;"], [0, "&odsold;"], [1, "&olcir;"], [0, "&ofcir;"], [0, "&olt;"], [0, "&ogt;"], [0, "&cirscir;"], [0, "&cirE;"], [0, "&solb;"], [0, "&bsolb;"], [3, "&boxbox;"], [3, "&trisb;"], [0, "&rtriltri;"], [0, { v: "&LeftTriangleBar;", n: 824, o: "&NotLeftTriangleBar;" }], [0, { v: "&RightTriangleBar;", n: 824, o: "&NotRightTriangleBar;" }], [11, "&iinfin;"], [0, "&infintie;"], [0, "&nvinfin;"], [4, "&eparsl;"], [0, "&smeparsl;"], [0, "&eqvparsl;"], [5, "&blacklozenge;"], [8, "&RuleDelayed;"], [1, "&dsol;"], [9, "&bigodot;"], [0, "&bigoplus;"], [0, "&bigotimes;"], [1, "&biguplus;"], [1, "&bigsqcup;"], [5, "&iiiint;"], [0, "&fpartint;"], [2, "&cirfnint;"], [0, "&awint;"], [0, "&rppolint;"], [0, "&scpolint;"], [0, "&npolint;"], [0, "&pointint;"], [0, "&quatint;"], [0, "&intlarhk;"], [10, "&pluscir;"], [0, "&plusacir;"], [0, "&simplus;"], [0, "&plusdu;"], [0, "&plussim;"], [0, "&plustwo;"], [1, "&mcomma;"], [0, "&minusdu;"], [2, "&loplus;"], [0, "&roplus;"], [0, "&Cross;"], [0, "&timesd;"], [0, "&timesbar;"], [1, "&smashp;"], [0, "&lotimes;"], [0, "&rotimes;"], [0, "&otimesas;"], [0, "&Otimes;"], [0, "&odiv;"], [0, "&triplus;"], [0, "&triminus;"], [0, "&tritime;"], [0, "&intprod;"], [2, "&amalg;"], [0, "&capdot;"], [1, "&ncup;"], [0, "&ncap;"], [0, "&capand;"], [0, "&cupor;"], [0, "&cupcap;"], [0, "&capcup;"], [0, "&cupbrcap;"], [0, "&capbrcup;"], [0, "&cupcup;"], [0, "&capcap;"], [0, "&ccups;"], [0, "&ccaps;"], [2, "&ccupssm;"], [2, "&And;"], [0, "&Or;"], [0, "&andand;"], [0, "&oror;"], [0, "&orslope;"], [0, "&andslope;"], [1, "&andv;"], [0, "&orv;"], [0, "&andd;"], [0, "&ord;"], [1, "&wedbar;"], [6, "&sdote;"], [3, "&simdot;"], [2, { v: "&congdot;", n: 824, o: "&ncongdot;" }], [0, "&easter;"], [0, "&apacir;"], [0, { v: "&apE;", n: 824, o: "&napE;" }], [0, "&eplus;"], [0, "&pluse;"], [0, "&Esim;"], [0, "&Colone;"], [0, "&Equal;"], [1, "&ddotseq;"], [0, "&equivDD;"], [0, "&ltcir;"], [0, "&gtcir;"], [0, "&ltquest;"], [0, "&gtquest;"], [0, { v: "&leqslant;", n: 824, o: "&nleqslant;" }], [0, { v: "&geqslant;", n: 824, o: "&ngeqslant;" }], [0, "&lesdot;"], [0, "&gesdot;"], [0, "&lesdoto;"], [0, "&gesdoto;"], [0, "&lesdotor;"], [0, "&gesdotol;"], [0, "&lap;"], [0, "&gap;"], [0, "&lne;"], [0, "&gne;"], [0, "&lnap;"], [0, "&gnap;"], [0, "&lEg;"], [0, "&gEl;"], [0, "&lsime;"], [0, "&gsime;"], [0, "&lsimg;"], [0, "&gsiml;"], [0, "&lgE;"], [0, "&glE;"], [0, "&lesges;"], [0, "&gesles;"], [0, "&els;"], [0, "&egs;"], [0, "&elsdot;"], [0, "&egsdot;"], [0, "&el;"], [0, "&eg;"], [2, "&siml;"], [0, "&simg;"], [0, "&simlE;"], [0, "&simgE;"], [0, { v: "&LessLess;", n: 824, o: "&NotNestedLessLess;" }], [0, { v: "&GreaterGreater;", n: 824, o: "&NotNestedGreaterGreater;" }], [1, "&glj;"], [0, "&gla;"], [0, "&ltcc;"], [0, "&gtcc;"], [0, "&lescc;"], [0, "&gescc;"], [0, "&smt;"], [0, "&lat;"], [0, { v: "&smte;", n: 65024, o: "&smtes;" }], [0, { v: "&late;", n: 65024, o: "&lates;" }], [0, "&bumpE;"], [0, { v: "&PrecedesEqual;", n: 824, o: "&NotPrecedesEqual;" }], [0, { v: "&sce;", n: 824, o: "&NotSucceedsEqual;" }], [2, "&prE;"], [0, "&scE;"], [0, "&precneqq;"], [0, "&scnE;"], [0, "&prap;"], [0, "&scap;"], [0, "&precnapprox;"], [0, "&scnap;"], [0, "&Pr;"], [0, "&Sc;"], [0, "&subdot;"], [0, "&supdot;"], [0, "&subplus;"], [0, "&supplus;"], [0, "&submult;"], [0, "&supmult;"], [0, "&subedot;"], [0, "&supedot;"], [0, { v: "&subE;", n: 824, o: "&nsubE;" }], [0, { v: "&supE;", n: 824, o: "&nsupE;" }], [0, "&subsim;"], [0, "&supsim;"], [2, { v: "&subnE;", n: 65024, o: "&varsubsetneqq;" }], [0, { v: "&supnE;", n: 65024, o: "&varsupsetneqq;" }], [2, "&csub;"], [0, "&csup;"], [0, "&csube;"], [0, "&csupe;"], [0, "&subsup;"], [0, "&supsub;"], [0, "&subsub;"], [0, "&supsup;"], [0, "&suphsub;"], [0, "&supdsub;"], [0, "&forkv;"], [0, "&topfork;"], [0, "&mlcp;"], [8, "&Dashv;"], [1, "&Vdashl;"], [0, "&Barv;"], [0, "&vBar;"], [0, "&vBarv;"], [1, "&Vbar;"], [0, "&Not;"], [0, "&bNot;"], [0, "&rnmid;"], [0, "&cirmid;"], [0, "&midcir;"], [0, "&topcir;"], [0, "&nhpar;"], [0, "&parsim;"], [9, { v: "&parsl;", n: 8421, o: "&nparsl;" }], [44343, { n: new Map(/* #__PURE__ */ restoreDiff([[56476, "&Ascr;"], [1, "&Cscr;"], [0, "&Dscr;"], [2, "&Gscr;"], [2, "&Jscr;"], [0, "&Kscr;"], [2, "&Nscr;"], [0, "&Oscr;"], [0, "&Pscr;"], [0, "&Qscr;"], [1, "&Sscr;"], [0, "&Tscr;"], [0, "&Uscr;"], [0, "&Vscr;"], [0, "&Wscr;"], [0, "&Xscr;"], [0, "&Yscr;"], [0, "&Zscr;"], [0, "&ascr;"], [0, "&bscr;"], [0, "&cscr;"], [0, "&dscr;"], [1, "&fscr;"], [1, "&hscr;"], [0, "&iscr;"], [0, "&jscr;"], [0, "&kscr;"], [0, "&lscr;"], [0, "&mscr;"], [0, "&nscr;"], [1, "&pscr;"], [0, "&qscr;"], [0, "&rscr;"], [0, "&sscr;"], [0, "&tscr;"], [0, "&uscr;"], [0, "&vscr;"], [0, "&wscr;"], [0, "&xscr;"], [0, "&yscr;"], [0, "&zscr;"], [52, "&Afr;"], [0, "&Bfr;"], [1, "&Dfr;"], [0, "&Efr;"], [0, "&Ffr;"], [0, "&Gfr;"], [2, "&Jfr;"], [0, "&Kfr;"], [0, "&Lfr;"], [0, "&Mfr;"], [0, "&Nfr;"], [0, "&Ofr;"], [0, "&Pfr;"], [0, "&Qfr;"], [1, "&Sfr;"], [0, "&Tfr;"], [0, "&Ufr;"], [0, "&Vfr;"], [0, "&Wfr;"], [0, "&Xfr;"], [0, "&Yfr;"], [1, "&afr;"], [0, "&bfr;"], [0, "&cfr;"], [0, "&dfr;"], [0, "&efr;"], [0, "&ffr;"], [0, "&gfr;"], [0, "&hfr;"], [0, "&ifr;"], [0, "&jfr;"], [0, "&kfr;"], [0, "&lfr;"], [0, "&mfr;"], [0, "&nfr;"], [0, "&ofr;"], [0, "&pfr;"], [0, "&qfr;"], [0, "&rfr;"], [0, "&sfr;"], [0, "&tfr;"], [0, "&ufr;"], [0, "&vfr;"], [0, "&wfr;"], [0, "&xfr;"], [0, "&yfr;"], [0, "&zfr;"], [0, "&Aopf;"], [0, "&Bopf;"], [1, "&Dopf;"], [0, "&Eopf;"], [0, "&Fopf;"], [0, "&Gopf;"], [1, "&Iopf;"], [0, "&Jopf;"], [0, "&Kopf;"], [0, "&Lopf;"], [0, "&Mopf;"], [1, "&Oopf;"], [3, "&Sopf;"], [0, "&Topf;"], [0, "&Uopf;"], [0, "&Vopf;"], [0, "&Wopf;"], [0, "&Xopf;"], [0, "&Yopf;"], [1, "&aopf;"], [0, "&bopf;"], [0, "&copf;"], [0, "&dopf;"], [0, "&eopf;"], [0, "&fopf;"], [0, "&gopf;"], [0, "&hopf;"], [0, "&iopf;"], [0, "&jopf;"], [0, "&kopf;"], [0, "&lopf;"], [0, "&mopf;"], [0, "&nopf;"], [0, "&oopf;"], [0, "&popf;"], [0, "&qopf;"], [0, "&ropf;"], [0, "&sopf;"], [0, "&topf;"], [0, "&uopf;"], [0, "&vopf;"], [0, "&wopf;"], [0, "&xopf;"], [0, "&yopf;"], [0, "&zopf;"]])) }], [8906, "&fflig;"], [0, "&filig;"], [0, "&fllig;"], [0, "&ffilig;"], [0, "&ffllig;"]])));
//# sourceMappingURL=encode-html.js.map
;// CONCATENATED MODULE: ./node_modules/dom-serializer/node_modules/entities/lib/esm/escape.js
const escape_xmlReplacer = /["&'<>$\x80-\uFFFF]/g;
const xmlCodeMap = new Map([
    [34, "&quot;"],
    [38, "&amp;"],
    [39, "&apos;"],
    [60, "&lt;"],
    [62, "&gt;"],
]);
// For compatibility with node < 4, we wrap `codePointAt`
const escape_getCodePoint = 
// eslint-disable-next-line @typescript-eslint/no-unnecessary-condition
String.prototype.codePointAt != null
    ? (str, index) => str.codePointAt(index)
    : // http://mathiasbynens.be/notes/javascript-encoding#surrogate-formulae
        (c, index) => (c.charCodeAt(index) & 0xfc00) === 0xd800
            ? (c.charCodeAt(index) - 0xd800) * 0x400 +
                c.charCodeAt(index + 1) -
                0xdc00 +
                0x10000
            : c.charCodeAt(index);
/**
 * Encodes all non-ASCII characters, as well as characters not valid in XML
 * documents using XML entities.
 *
 * If a character has no equivalent entity, a
 * numeric hexadecimal reference (eg. `&#xfc;`) will be used.
 */
function escape_encodeXML(str) {
    let ret = "";
    let lastIdx = 0;
    let match;
    while ((match = escape_xmlReplacer.exec(str)) !== null) {
        const i = match.index;
        const char = str.charCodeAt(i);
        const next = xmlCodeMap.get(char);
        if (next !== undefined) {
            ret += str.substring(lastIdx, i) + next;
            lastIdx = i + 1;
        }
        else {
            ret += `${str.substring(lastIdx, i)}&#x${escape_getCodePoint(str, i).toString(16)};`;
            // Increase by 1 if we have a surrogate pair
            lastIdx = escape_xmlReplacer.lastIndex += Number((char & 0xfc00) === 0xd800);
        }
    }
    return ret + str.substr(lastIdx);
}
/**
 * Encodes all non-ASCII characters, as well as characters not valid in XML
 * documents using numeric hexadecimal reference (eg. `&#xfc;`).
 *
 * Have a look at `escapeUTF8` if you want a more concise output at the expense
 * of reduced transportability.
 *
 * @param data String to escape.
 */
const escape_escape = (/* unused pure expression or super */ null && (escape_encodeXML));
/**
 * Creates a function that escapes all characters matched by the given regular
 * expression using the given map of characters to escape to their entities.
 *
 * @param regex Regular expression to match characters to escape.
 * @param map Map of characters to escape to their entities.
 *
 * @returns Function that escapes all characters matched by the given regular
 * expression using the given map of characters to escape to their entities.
 */
function getEscaper(regex, map) {
    return function escape(data) {
        let match;
        let lastIdx = 0;
        let result = "";
        while ((match = regex.exec(data))) {
            if (lastIdx !== match.index) {
                result += data.substring(lastIdx, match.index);
            }
            // We know that this character will be in the map.
            result += map.get(match[0].charCodeAt(0));
            // Every match will be of length 1
            lastIdx = match.index + 1;
        }
        return result + data.substring(lastIdx);
    };
}
/**
 * Encodes all characters not valid in XML documents using XML entities.
 *
 * Note that the output will be character-set dependent.
 *
 * @param data String to escape.
 */
const escape_escapeUTF8 = getEscaper(/[&<>'"]/g, xmlCodeMap);
/**
 * Encodes all characters that have to be escaped in HTML attributes,
 * following {@link https://html.spec.whatwg.org/multipage/parsing.html#escapingString}.
 *
 * @param data String to escape.
 */
const escape_escapeAttribute = getEscaper(/["&\u00A0]/g, new Map([
    [34, "&quot;"],
    [38, "&amp;"],
    [160, "&nbsp;"],
]));
/**
 * Encodes all characters that have to be escaped in HTML text,
 * following {@link https://html.spec.whatwg.org/multipage/parsing.html#escapingString}.
 *
 * @param data String to escape.
 */
const escape_escapeText = getEscaper(/[&<>\u00A0]/g, new Map([
    [38, "&amp;"],
    [60, "&lt;"],
    [62, "&gt;"],
    [160, "&nbsp;"],
]));
//# sourceMappingURL=escape.js.map
;// CONCATENATED MODULE: ./node_modules/dom-serializer/node_modules/entities/lib/esm/encode.js


const htmlReplacer = /[\t\n!-,./:-@[-`\f{-}$\x80-\uFFFF]/g;
/**
 * Encodes all characters in the input using HTML entities. This includes
 * characters that are valid ASCII characters in HTML documents, such as `#`.
 *
 * To get a more compact output, consider using the `encodeNonAsciiHTML`
 * function, which will only encode characters that are not valid in HTML
 * documents, as well as non-ASCII characters.
 *
 * If a character has no equivalent entity, a numeric hexadecimal reference
 * (eg. `&#xfc;`) will be used.
 */
function encode_encodeHTML(data) {
    return encodeHTMLTrieRe(htmlReplacer, data);
}
/**
 * Encodes all non-ASCII characters, as well as characters not valid in HTML
 * documents using HTML entities. This function will not encode characters that
 * are valid in HTML documents, such as `#`.
 *
 * If a character has no equivalent entity, a numeric hexadecimal reference
 * (eg. `&#xfc;`) will be used.
 */
function encode_encodeNonAsciiHTML(data) {
    return encodeHTMLTrieRe(xmlReplacer, data);
}
function encodeHTMLTrieRe(regExp, str) {
    let ret = "";
    let lastIdx = 0;
    let match;
    while ((match = regExp.exec(str)) !== null) {
        const i = match.index;
        ret += str.substring(lastIdx, i);
        const char = str.charCodeAt(i);
        let next = htmlTrie.get(char);
        if (typeof next === "object") {
            // We are in a branch. Try to match the next char.
            if (i + 1 < str.length) {
                const nextChar = str.charCodeAt(i + 1);
                const value = typeof next.n === "number"
                    ? next.n === nextChar
                        ? next.o
                        : undefined
                    : next.n.get(nextChar);
                if (value !== undefined) {
                    ret += value;
                    lastIdx = regExp.lastIndex += 1;
                    continue;
                }
            }
            next = next.v;
        }
        // We might have a tree node without a value; skip and use a numeric entity.
        if (next !== undefined) {
            ret += next;
            lastIdx = i + 1;
        }
        else {
            const cp = getCodePoint(str, i);
            ret += `&#x${cp.toString(16)};`;
            // Increase by 1 if we have a surrogate pair
            lastIdx = regExp.lastIndex += Number(cp !== char);
        }
    }
    return ret + str.substr(lastIdx);
}
//# sourceMappingURL=encode.js.map
;// CONCATENATED MODULE: ./node_modules/dom-serializer/node_modules/entities/lib/esm/index.js



/** The level of entities to support. */
var EntityLevel;
(function (EntityLevel) {
    /** Support only XML entities. */
    EntityLevel[EntityLevel["XML"] = 0] = "XML";
    /** Support HTML entities, which are a superset of XML entities. */
    EntityLevel[EntityLevel["HTML"] = 1] = "HTML";
})(EntityLevel || (EntityLevel = {}));
var EncodingMode;
(function (EncodingMode) {
    /**
     * The output is UTF-8 encoded. Only characters that need escaping within
     * XML will be escaped.
     */
    EncodingMode[EncodingMode["UTF8"] = 0] = "UTF8";
    /**
     * The output consists only of ASCII characters. Characters that need
     * escaping within HTML, and characters that aren't ASCII characters will
     * be escaped.
     */
    EncodingMode[EncodingMode["ASCII"] = 1] = "ASCII";
    /**
     * Encode all characters that have an equivalent entity, as well as all
     * characters that are not ASCII characters.
     */
    EncodingMode[EncodingMode["Extensive"] = 2] = "Extensive";
    /**
     * Encode all characters that have to be escaped in HTML attributes,
     * following {@link https://html.spec.whatwg.org/multipage/parsing.html#escapingString}.
     */
    EncodingMode[EncodingMode["Attribute"] = 3] = "Attribute";
    /**
     * Encode all characters that have to be escaped in HTML text,
     * following {@link https://html.spec.whatwg.org/multipage/parsing.html#escapingString}.
     */
    EncodingMode[EncodingMode["Text"] = 4] = "Text";
})(EncodingMode || (EncodingMode = {}));
/**
 * Decodes a string with entities.
 *
 * @param data String to decode.
 * @param options Decoding options.
 */
function decode(data, options = EntityLevel.XML) {
    const level = typeof options === "number" ? options : options.level;
    if (level === EntityLevel.HTML) {
        const mode = typeof options === "object" ? options.mode : undefined;
        return decodeHTML(data, mode);
    }
    return decodeXML(data);
}
/**
 * Decodes a string with entities. Does not allow missing trailing semicolons for entities.
 *
 * @param data String to decode.
 * @param options Decoding options.
 * @deprecated Use `decode` with the `mode` set to `Strict`.
 */
function decodeStrict(data, options = EntityLevel.XML) {
    var _a;
    const opts = typeof options === "number" ? { level: options } : options;
    (_a = opts.mode) !== null && _a !== void 0 ? _a : (opts.mode = DecodingMode.Strict);
    return decode(data, opts);
}
/**
 * Encodes a string with entities.
 *
 * @param data String to encode.
 * @param options Encoding options.
 */
function encode(data, options = EntityLevel.XML) {
    const opts = typeof options === "number" ? { level: options } : options;
    // Mode `UTF8` just escapes XML entities
    if (opts.mode === EncodingMode.UTF8)
        return escapeUTF8(data);
    if (opts.mode === EncodingMode.Attribute)
        return escapeAttribute(data);
    if (opts.mode === EncodingMode.Text)
        return escapeText(data);
    if (opts.level === EntityLevel.HTML) {
        if (opts.mode === EncodingMode.ASCII) {
            return encodeNonAsciiHTML(data);
        }
        return encodeHTML(data);
    }
    // ASCII and Extensive are equivalent
    return encodeXML(data);
}



//# sourceMappingURL=index.js.map
;// CONCATENATED MODULE: ./node_modules/dom-serializer/lib/esm/foreignNames.js
const foreignNames_elementNames = new Map([
    "altGlyph",
    "altGlyphDef",
    "altGlyphItem",
    "animateColor",
    "animateMotion",
    "animateTransform",
    "clipPath",
    "feBlend",
    "feColorMatrix",
    "feComponentTransfer",
    "feComposite",
    "feConvolveMatrix",
    "feDiffuseLighting",
    "feDisplacementMap",
    "feDistantLight",
    "feDropShadow",
    "feFlood",
    "feFuncA",
    "feFuncB",
    "feFuncG",
    "feFuncR",
    "feGaussianBlur",
    "feImage",
    "feMerge",
    "feMergeNode",
    "feMorphology",
    "feOffset",
    "fePointLight",
    "feSpecularLighting",
    "feSpotLight",
    "feTile",
    "feTurbulence",
    "foreignObject",
    "glyphRef",
    "linearGradient",
    "radialGradient",
    "textPath",
].map((val) => [val.toLowerCase(), val]));
const foreignNames_attributeNames = new Map([
    "definitionURL",
    "attributeName",
    "attributeType",
    "baseFrequency",
    "baseProfile",
    "calcMode",
    "clipPathUnits",
    "diffuseConstant",
    "edgeMode",
    "filterUnits",
    "glyphRef",
    "gradientTransform",
    "gradientUnits",
    "kernelMatrix",
    "kernelUnitLength",
    "keyPoints",
    "keySplines",
    "keyTimes",
    "lengthAdjust",
    "limitingConeAngle",
    "markerHeight",
    "markerUnits",
    "markerWidth",
    "maskContentUnits",
    "maskUnits",
    "numOctaves",
    "pathLength",
    "patternContentUnits",
    "patternTransform",
    "patternUnits",
    "pointsAtX",
    "pointsAtY",
    "pointsAtZ",
    "preserveAlpha",
    "preserveAspectRatio",
    "primitiveUnits",
    "refX",
    "refY",
    "repeatCount",
    "repeatDur",
    "requiredExtensions",
    "requiredFeatures",
    "specularConstant",
    "specularExponent",
    "spreadMethod",
    "startOffset",
    "stdDeviation",
    "stitchTiles",
    "surfaceScale",
    "systemLanguage",
    "tableValues",
    "targetX",
    "targetY",
    "textLength",
    "viewBox",
    "viewTarget",
    "xChannelSelector",
    "yChannelSelector",
    "zoomAndPan",
].map((val) => [val.toLowerCase(), val]));

;// CONCATENATED MODULE: ./node_modules/dom-serializer/lib/esm/index.js
/*
 * Module dependencies
 */


/**
 * Mixed-case SVG and MathML tags & attributes
 * recognized by the HTML parser.
 *
 * @see https://html.spec.whatwg.org/multipage/parsing.html#parsing-main-inforeign
 */

const unencodedElements = new Set([
    "style",
    "script",
    "xmp",
    "iframe",
    "noembed",
    "noframes",
    "plaintext",
    "noscript",
]);
function replaceQuotes(value) {
    return value.replace(/"/g, "&quot;");
}
/**
 * Format attributes
 */
function formatAttributes(attributes, opts) {
    var _a;
    if (!attributes)
        return;
    const encode = ((_a = opts.encodeEntities) !== null && _a !== void 0 ? _a : opts.decodeEntities) === false
        ? replaceQuotes
        : opts.xmlMode || opts.encodeEntities !== "utf8"
            ? encodeXML
            : escapeAttribute;
    return Object.keys(attributes)
        .map((key) => {
        var _a, _b;
        const value = (_a = attributes[key]) !== null && _a !== void 0 ? _a : "";
        if (opts.xmlMode === "foreign") {
            /* Fix up mixed-case attribute names */
            key = (_b = attributeNames.get(key)) !== null && _b !== void 0 ? _b : key;
        }
        if (!opts.emptyAttrs && !opts.xmlMode && value === "") {
            return key;
        }
        return `${key}="${encode(value)}"`;
    })
        .join(" ");
}
/**
 * Self-enclosing tags
 */
const singleTag = new Set([
    "area",
    "base",
    "basefont",
    "br",
    "col",
    "command",
    "embed",
    "frame",
    "hr",
    "img",
    "input",
    "isindex",
    "keygen",
    "link",
    "meta",
    "param",
    "source",
    "track",
    "wbr",
]);
/**
 * Renders a DOM node or an array of DOM nodes to a string.
 *
 * Can be thought of as the equivalent of the `outerHTML` of the passed node(s).
 *
 * @param node Node to be rendered.
 * @param options Changes serialization behavior
 */
function render(node, options = {}) {
    const nodes = "length" in node ? node : [node];
    let output = "";
    for (let i = 0; i < nodes.length; i++) {
        output += renderNode(nodes[i], options);
    }
    return output;
}
/* harmony default export */ const lib_esm = ((/* unused pure expression or super */ null && (render)));
function renderNode(node, options) {
    switch (node.type) {
        case ElementType.Root:
            return render(node.children, options);
        // @ts-expect-error We don't use `Doctype` yet
        case ElementType.Doctype:
        case ElementType.Directive:
            return renderDirective(node);
        case ElementType.Comment:
            return renderComment(node);
        case ElementType.CDATA:
            return renderCdata(node);
        case ElementType.Script:
        case ElementType.Style:
        case ElementType.Tag:
            return renderTag(node, options);
        case ElementType.Text:
            return renderText(node, options);
    }
}
const foreignModeIntegrationPoints = new Set([
    "mi",
    "mo",
    "mn",
    "ms",
    "mtext",
    "annotation-xml",
    "foreignObject",
    "desc",
    "title",
]);
const foreignElements = new Set(["svg", "math"]);
function renderTag(elem, opts) {
    var _a;
    // Handle SVG / MathML in HTML
    if (opts.xmlMode === "foreign") {
        /* Fix up mixed-case element names */
        elem.name = (_a = elementNames.get(elem.name)) !== null && _a !== void 0 ? _a : elem.name;
        /* Exit foreign mode at integration points */
        if (elem.parent &&
            foreignModeIntegrationPoints.has(elem.parent.name)) {
            opts = { ...opts, xmlMode: false };
        }
    }
    if (!opts.xmlMode && foreignElements.has(elem.name)) {
        opts = { ...opts, xmlMode: "foreign" };
    }
    let tag = `<${elem.name}`;
    const attribs = formatAttributes(elem.attribs, opts);
    if (attribs) {
        tag += ` ${attribs}`;
    }
    if (elem.children.length === 0 &&
        (opts.xmlMode
            ? // In XML mode or foreign mode, and user hasn't explicitly turned off self-closing tags
                opts.selfClosingTags !== false
            : // User explicitly asked for self-closing tags, even in HTML mode
                opts.selfClosingTags && singleTag.has(elem.name))) {
        if (!opts.xmlMode)
            tag += " ";
        tag += "/>";
    }
    else {
        tag += ">";
        if (elem.children.length > 0) {
            tag += render(elem.children, opts);
        }
        if (opts.xmlMode || !singleTag.has(elem.name)) {
            tag += `</${elem.name}>`;
        }
    }
    return tag;
}
function renderDirective(elem) {
    return `<${elem.data}>`;
}
function renderText(elem, opts) {
    var _a;
    let data = elem.data || "";
    // If entities weren't decoded, no need to encode them back
    if (((_a = opts.encodeEntities) !== null && _a !== void 0 ? _a : opts.decodeEntities) !== false &&
        !(!opts.xmlMode &&
            elem.parent &&
            unencodedElements.has(elem.parent.name))) {
        data =
            opts.xmlMode || opts.encodeEntities !== "utf8"
                ? encodeXML(data)
                : escapeText(data);
    }
    return data;
}
function renderCdata(elem) {
    return `<![CDATA[${elem.children[0].data}]]>`;
}
function renderComment(elem) {
    return `<!--${elem.data}-->`;
}

;// CONCATENATED MODULE: ./node_modules/domutils/lib/esm/stringify.js



/**
 * @category Stringify
 * @deprecated Use the `dom-serializer` module directly.
 * @param node Node to get the outer HTML of.
 * @param options Options for serialization.
 * @returns `node`'s outer HTML.
 */
function getOuterHTML(node, options) {
    return renderHTML(node, options);
}
/**
 * @category Stringify
 * @deprecated Use the `dom-serializer` module directly.
 * @param node Node to get the inner HTML of.
 * @param options Options for serialization.
 * @returns `node`'s inner HTML.
 */
function getInnerHTML(node, options) {
    return hasChildren(node)
        ? node.children.map((node) => getOuterHTML(node, options)).join("")
        : "";
}
/**
 * Get a node's inner text. Same as `textContent`, but inserts newlines for `<br>` tags. Ignores comments.
 *
 * @category Stringify
 * @deprecated Use `textContent` instead.
 * @param node Node to get the inner text of.
 * @returns `node`'s inner text.
 */
function getText(node) {
    if (Array.isArray(node))
        return node.map(getText).join("");
    if (isTag(node))
        return node.name === "br" ? "\n" : getText(node.children);
    if (isCDATA(node))
        return getText(node.children);
    if (isText(node))
        return node.data;
    return "";
}
/**
 * Get a node's text content. Ignores comments.
 *
 * @category Stringify
 * @param node Node to get the text content of.
 * @returns `node`'s text content.
 * @see {@link https://developer.mozilla.org/en-US/docs/Web/API/Node/textContent}
 */
function stringify_textContent(node) {
    if (Array.isArray(node))
        return node.map(stringify_textContent).join("");
    if (hasChildren(node) && !isComment(node)) {
        return stringify_textContent(node.children);
    }
    if (isText(node))
        return node.data;
    return "";
}
/**
 * Get a node's inner text, ignoring `<script>` and `<style>` tags. Ignores comments.
 *
 * @category Stringify
 * @param node Node to get the inner text of.
 * @returns `node`'s inner text.
 * @see {@link https://developer.mozilla.org/en-US/docs/Web/API/Node/innerText}
 */
function innerText(node) {
    if (Array.isArray(node))
        return node.map(innerText).join("");
    if (hasChildren(node) && (node.type === ElementType.Tag || isCDATA(node))) {
        return innerText(node.children);
    }
    if (isText(node))
        return node.data;
    return "";
}
//# sourceMappingURL=stringify.js.map
;// CONCATENATED MODULE: ./node_modules/domutils/lib/esm/traversal.js

/**
 * Get a node's children.
 *
 * @category Traversal
 * @param elem Node to get the children of.
 * @returns `elem`'s children, or an empty array.
 */
function getChildren(elem) {
    return hasChildren(elem) ? elem.children : [];
}
/**
 * Get a node's parent.
 *
 * @category Traversal
 * @param elem Node to get the parent of.
 * @returns `elem`'s parent node, or `null` if `elem` is a root node.
 */
function getParent(elem) {
    return elem.parent || null;
}
/**
 * Gets an elements siblings, including the element itself.
 *
 * Attempts to get the children through the element's parent first. If we don't
 * have a parent (the element is a root node), we walk the element's `prev` &
 * `next` to get all remaining nodes.
 *
 * @category Traversal
 * @param elem Element to get the siblings of.
 * @returns `elem`'s siblings, including `elem`.
 */
function getSiblings(elem) {
    const parent = getParent(elem);
    if (parent != null)
        return getChildren(parent);
    const siblings = [elem];
    let { prev, next } = elem;
    while (prev != null) {
        siblings.unshift(prev);
        ({ prev } = prev);
    }
    while (next != null) {
        siblings.push(next);
        ({ next } = next);
    }
    return siblings;
}
/**
 * Gets an attribute from an element.
 *
 * @category Traversal
 * @param elem Element to check.
 * @param name Attribute name to retrieve.
 * @returns The element's attribute value, or `undefined`.
 */
function getAttributeValue(elem, name) {
    var _a;
    return (_a = elem.attribs) === null || _a === void 0 ? void 0 : _a[name];
}
/**
 * Checks whether an element has an attribute.
 *
 * @category Traversal
 * @param elem Element to check.
 * @param name Attribute name to look for.
 * @returns Returns whether `elem` has the attribute `name`.
 */
function hasAttrib(elem, name) {
    return (elem.attribs != null &&
        Object.prototype.hasOwnProperty.call(elem.attribs, name) &&
        elem.attribs[name] != null);
}
/**
 * Get the tag name of an element.
 *
 * @category Traversal
 * @param elem The element to get the name for.
 * @returns The tag name of `elem`.
 */
function getName(elem) {
    return elem.name;
}
/**
 * Returns the next element sibling of a node.
 *
 * @category Traversal
 * @param elem The element to get the next sibling of.
 * @returns `elem`'s next sibling that is a tag, or `null` if there is no next
 * sibling.
 */
function nextElementSibling(elem) {
    let { next } = elem;
    while (next !== null && !isTag(next))
        ({ next } = next);
    return next;
}
/**
 * Returns the previous element sibling of a node.
 *
 * @category Traversal
 * @param elem The element to get the previous sibling of.
 * @returns `elem`'s previous sibling that is a tag, or `null` if there is no
 * previous sibling.
 */
function prevElementSibling(elem) {
    let { prev } = elem;
    while (prev !== null && !isTag(prev))
        ({ prev } = prev);
    return prev;
}
//# sourceMappingURL=traversal.js.map
;// CONCATENATED MODULE: ./node_modules/domutils/lib/esm/querying.js

/**
 * Search a node and its children for nodes passing a test function. If `node` is not an array, it will be wrapped in one.
 *
 * @category Querying
 * @param test Function to test nodes on.
 * @param node Node to search. Will be included in the result set if it matches.
 * @param recurse Also consider child nodes.
 * @param limit Maximum number of nodes to return.
 * @returns All nodes passing `test`.
 */
function querying_filter(test, node, recurse = true, limit = Infinity) {
    return find(test, Array.isArray(node) ? node : [node], recurse, limit);
}
/**
 * Search an array of nodes and their children for nodes passing a test function.
 *
 * @category Querying
 * @param test Function to test nodes on.
 * @param nodes Array of nodes to search.
 * @param recurse Also consider child nodes.
 * @param limit Maximum number of nodes to return.
 * @returns All nodes passing `test`.
 */
function find(test, nodes, recurse, limit) {
    const result = [];
    /** Stack of the arrays we are looking at. */
    const nodeStack = [Array.isArray(nodes) ? nodes : [nodes]];
    /** Stack of the indices within the arrays. */
    const indexStack = [0];
    for (;;) {
        // First, check if the current array has any more elements to look at.
        if (indexStack[0] >= nodeStack[0].length) {
            // If we have no more arrays to look at, we are done.
            if (indexStack.length === 1) {
                return result;
            }
            // Otherwise, remove the current array from the stack.
            nodeStack.shift();
            indexStack.shift();
            // Loop back to the start to continue with the next array.
            continue;
        }
        const elem = nodeStack[0][indexStack[0]++];
        if (test(elem)) {
            result.push(elem);
            if (--limit <= 0)
                return result;
        }
        if (recurse && hasChildren(elem) && elem.children.length > 0) {
            /*
             * Add the children to the stack. We are depth-first, so this is
             * the next array we look at.
             */
            indexStack.unshift(0);
            nodeStack.unshift(elem.children);
        }
    }
}
/**
 * Finds the first element inside of an array that matches a test function. This is an alias for `Array.prototype.find`.
 *
 * @category Querying
 * @param test Function to test nodes on.
 * @param nodes Array of nodes to search.
 * @returns The first node in the array that passes `test`.
 * @deprecated Use `Array.prototype.find` directly.
 */
function findOneChild(test, nodes) {
    return nodes.find(test);
}
/**
 * Finds one element in a tree that passes a test.
 *
 * @category Querying
 * @param test Function to test nodes on.
 * @param nodes Node or array of nodes to search.
 * @param recurse Also consider child nodes.
 * @returns The first node that passes `test`.
 */
function querying_findOne(test, nodes, recurse = true) {
    const searchedNodes = Array.isArray(nodes) ? nodes : [nodes];
    for (let i = 0; i < searchedNodes.length; i++) {
        const node = searchedNodes[i];
        if (isTag(node) && test(node)) {
            return node;
        }
        if (recurse && hasChildren(node) && node.children.length > 0) {
            const found = querying_findOne(test, node.children, true);
            if (found)
                return found;
        }
    }
    return null;
}
/**
 * Checks if a tree of nodes contains at least one node passing a test.
 *
 * @category Querying
 * @param test Function to test nodes on.
 * @param nodes Array of nodes to search.
 * @returns Whether a tree of nodes contains at least one node passing the test.
 */
function existsOne(test, nodes) {
    return (Array.isArray(nodes) ? nodes : [nodes]).some((node) => (isTag(node) && test(node)) ||
        (hasChildren(node) && existsOne(test, node.children)));
}
/**
 * Search an array of nodes and their children for elements passing a test function.
 *
 * Same as `find`, but limited to elements and with less options, leading to reduced complexity.
 *
 * @category Querying
 * @param test Function to test nodes on.
 * @param nodes Array of nodes to search.
 * @returns All nodes passing `test`.
 */
function findAll(test, nodes) {
    const result = [];
    const nodeStack = [Array.isArray(nodes) ? nodes : [nodes]];
    const indexStack = [0];
    for (;;) {
        if (indexStack[0] >= nodeStack[0].length) {
            if (nodeStack.length === 1) {
                return result;
            }
            // Otherwise, remove the current array from the stack.
            nodeStack.shift();
            indexStack.shift();
            // Loop back to the start to continue with the next array.
            continue;
        }
        const elem = nodeStack[0][indexStack[0]++];
        if (isTag(elem) && test(elem))
            result.push(elem);
        if (hasChildren(elem) && elem.children.length > 0) {
            indexStack.unshift(0);
            nodeStack.unshift(elem.children);
        }
    }
}
//# sourceMappingURL=querying.js.map
;// CONCATENATED MODULE: ./node_modules/domutils/lib/esm/legacy.js


/**
 * A map of functions to check nodes against.
 */
const Checks = {
    tag_name(name) {
        if (typeof name === "function") {
            return (elem) => node_isTag(elem) && name(elem.name);
        }
        else if (name === "*") {
            return node_isTag;
        }
        return (elem) => node_isTag(elem) && elem.name === name;
    },
    tag_type(type) {
        if (typeof type === "function") {
            return (elem) => type(elem.type);
        }
        return (elem) => elem.type === type;
    },
    tag_contains(data) {
        if (typeof data === "function") {
            return (elem) => node_isText(elem) && data(elem.data);
        }
        return (elem) => node_isText(elem) && elem.data === data;
    },
};
/**
 * Returns a function to check whether a node has an attribute with a particular
 * value.
 *
 * @param attrib Attribute to check.
 * @param value Attribute value to look for.
 * @returns A function to check whether the a node has an attribute with a
 *   particular value.
 */
function getAttribCheck(attrib, value) {
    if (typeof value === "function") {
        return (elem) => isTag(elem) && value(elem.attribs[attrib]);
    }
    return (elem) => isTag(elem) && elem.attribs[attrib] === value;
}
/**
 * Returns a function that returns `true` if either of the input functions
 * returns `true` for a node.
 *
 * @param a First function to combine.
 * @param b Second function to combine.
 * @returns A function taking a node and returning `true` if either of the input
 *   functions returns `true` for the node.
 */
function combineFuncs(a, b) {
    return (elem) => a(elem) || b(elem);
}
/**
 * Returns a function that executes all checks in `options` and returns `true`
 * if any of them match a node.
 *
 * @param options An object describing nodes to look for.
 * @returns A function that executes all checks in `options` and returns `true`
 *   if any of them match a node.
 */
function compileTest(options) {
    const funcs = Object.keys(options).map((key) => {
        const value = options[key];
        return Object.prototype.hasOwnProperty.call(Checks, key)
            ? Checks[key](value)
            : getAttribCheck(key, value);
    });
    return funcs.length === 0 ? null : funcs.reduce(combineFuncs);
}
/**
 * Checks whether a node matches the description in `options`.
 *
 * @category Legacy Query Functions
 * @param options An object describing nodes to look for.
 * @param node The element to test.
 * @returns Whether the element matches the description in `options`.
 */
function testElement(options, node) {
    const test = compileTest(options);
    return test ? test(node) : true;
}
/**
 * Returns all nodes that match `options`.
 *
 * @category Legacy Query Functions
 * @param options An object describing nodes to look for.
 * @param nodes Nodes to search through.
 * @param recurse Also consider child nodes.
 * @param limit Maximum number of nodes to return.
 * @returns All nodes that match `options`.
 */
function getElements(options, nodes, recurse, limit = Infinity) {
    const test = compileTest(options);
    return test ? filter(test, nodes, recurse, limit) : [];
}
/**
 * Returns the node with the supplied ID.
 *
 * @category Legacy Query Functions
 * @param id The unique ID attribute value to look for.
 * @param nodes Nodes to search through.
 * @param recurse Also consider child nodes.
 * @returns The node with the supplied ID.
 */
function getElementById(id, nodes, recurse = true) {
    if (!Array.isArray(nodes))
        nodes = [nodes];
    return findOne(getAttribCheck("id", id), nodes, recurse);
}
/**
 * Returns all nodes with the supplied `tagName`.
 *
 * @category Legacy Query Functions
 * @param tagName Tag name to search for.
 * @param nodes Nodes to search through.
 * @param recurse Also consider child nodes.
 * @param limit Maximum number of nodes to return.
 * @returns All nodes with the supplied `tagName`.
 */
function legacy_getElementsByTagName(tagName, nodes, recurse = true, limit = Infinity) {
    return filter(Checks["tag_name"](tagName), nodes, recurse, limit);
}
/**
 * Returns all nodes with the supplied `className`.
 *
 * @category Legacy Query Functions
 * @param className Class name to search for.
 * @param nodes Nodes to search through.
 * @param recurse Also consider child nodes.
 * @param limit Maximum number of nodes to return.
 * @returns All nodes with the supplied `className`.
 */
function getElementsByClassName(className, nodes, recurse = true, limit = Infinity) {
    return filter(getAttribCheck("class", className), nodes, recurse, limit);
}
/**
 * Returns all nodes with the supplied `type`.
 *
 * @category Legacy Query Functions
 * @param type Element type to look for.
 * @param nodes Nodes to search through.
 * @param recurse Also consider child nodes.
 * @param limit Maximum number of nodes to return.
 * @returns All nodes with the supplied `type`.
 */
function getElementsByTagType(type, nodes, recurse = true, limit = Infinity) {
    return filter(Checks["tag_type"](type), nodes, recurse, limit);
}
//# sourceMappingURL=legacy.js.map
;// CONCATENATED MODULE: ./node_modules/domutils/lib/esm/helpers.js

/**
 * Given an array of nodes, remove any member that is contained by another
 * member.
 *
 * @category Helpers
 * @param nodes Nodes to filter.
 * @returns Remaining nodes that aren't contained by other nodes.
 */
function removeSubsets(nodes) {
    let idx = nodes.length;
    /*
     * Check if each node (or one of its ancestors) is already contained in the
     * array.
     */
    while (--idx >= 0) {
        const node = nodes[idx];
        /*
         * Remove the node if it is not unique.
         * We are going through the array from the end, so we only
         * have to check nodes that preceed the node under consideration in the array.
         */
        if (idx > 0 && nodes.lastIndexOf(node, idx - 1) >= 0) {
            nodes.splice(idx, 1);
            continue;
        }
        for (let ancestor = node.parent; ancestor; ancestor = ancestor.parent) {
            if (nodes.includes(ancestor)) {
                nodes.splice(idx, 1);
                break;
            }
        }
    }
    return nodes;
}
/**
 * @category Helpers
 * @see {@link http://dom.spec.whatwg.org/#dom-node-comparedocumentposition}
 */
var DocumentPosition;
(function (DocumentPosition) {
    DocumentPosition[DocumentPosition["DISCONNECTED"] = 1] = "DISCONNECTED";
    DocumentPosition[DocumentPosition["PRECEDING"] = 2] = "PRECEDING";
    DocumentPosition[DocumentPosition["FOLLOWING"] = 4] = "FOLLOWING";
    DocumentPosition[DocumentPosition["CONTAINS"] = 8] = "CONTAINS";
    DocumentPosition[DocumentPosition["CONTAINED_BY"] = 16] = "CONTAINED_BY";
})(DocumentPosition || (DocumentPosition = {}));
/**
 * Compare the position of one node against another node in any other document,
 * returning a bitmask with the values from {@link DocumentPosition}.
 *
 * Document order:
 * > There is an ordering, document order, defined on all the nodes in the
 * > document corresponding to the order in which the first character of the
 * > XML representation of each node occurs in the XML representation of the
 * > document after expansion of general entities. Thus, the document element
 * > node will be the first node. Element nodes occur before their children.
 * > Thus, document order orders element nodes in order of the occurrence of
 * > their start-tag in the XML (after expansion of entities). The attribute
 * > nodes of an element occur after the element and before its children. The
 * > relative order of attribute nodes is implementation-dependent.
 *
 * Source:
 * http://www.w3.org/TR/DOM-Level-3-Core/glossary.html#dt-document-order
 *
 * @category Helpers
 * @param nodeA The first node to use in the comparison
 * @param nodeB The second node to use in the comparison
 * @returns A bitmask describing the input nodes' relative position.
 *
 * See http://dom.spec.whatwg.org/#dom-node-comparedocumentposition for
 * a description of these values.
 */
function compareDocumentPosition(nodeA, nodeB) {
    const aParents = [];
    const bParents = [];
    if (nodeA === nodeB) {
        return 0;
    }
    let current = hasChildren(nodeA) ? nodeA : nodeA.parent;
    while (current) {
        aParents.unshift(current);
        current = current.parent;
    }
    current = hasChildren(nodeB) ? nodeB : nodeB.parent;
    while (current) {
        bParents.unshift(current);
        current = current.parent;
    }
    const maxIdx = Math.min(aParents.length, bParents.length);
    let idx = 0;
    while (idx < maxIdx && aParents[idx] === bParents[idx]) {
        idx++;
    }
    if (idx === 0) {
        return DocumentPosition.DISCONNECTED;
    }
    const sharedParent = aParents[idx - 1];
    const siblings = sharedParent.children;
    const aSibling = aParents[idx];
    const bSibling = bParents[idx];
    if (siblings.indexOf(aSibling) > siblings.indexOf(bSibling)) {
        if (sharedParent === nodeB) {
            return DocumentPosition.FOLLOWING | DocumentPosition.CONTAINED_BY;
        }
        return DocumentPosition.FOLLOWING;
    }
    if (sharedParent === nodeA) {
        return DocumentPosition.PRECEDING | DocumentPosition.CONTAINS;
    }
    return DocumentPosition.PRECEDING;
}
/**
 * Sort an array of nodes based on their relative position in the document,
 * removing any duplicate nodes. If the array contains nodes that do not belong
 * to the same document, sort order is unspecified.
 *
 * @category Helpers
 * @param nodes Array of DOM nodes.
 * @returns Collection of unique nodes, sorted in document order.
 */
function uniqueSort(nodes) {
    nodes = nodes.filter((node, i, arr) => !arr.includes(node, i + 1));
    nodes.sort((a, b) => {
        const relative = compareDocumentPosition(a, b);
        if (relative & DocumentPosition.PRECEDING) {
            return -1;
        }
        else if (relative & DocumentPosition.FOLLOWING) {
            return 1;
        }
        return 0;
    });
    return nodes;
}
//# sourceMappingURL=helpers.js.map
;// CONCATENATED MODULE: ./node_modules/domutils/lib/esm/feeds.js


/**
 * Get the feed object from the root of a DOM tree.
 *
 * @category Feeds
 * @param doc - The DOM to to extract the feed from.
 * @returns The feed.
 */
function feeds_getFeed(doc) {
    const feedRoot = getOneElement(isValidFeed, doc);
    return !feedRoot
        ? null
        : feedRoot.name === "feed"
            ? getAtomFeed(feedRoot)
            : getRssFeed(feedRoot);
}
/**
 * Parse an Atom feed.
 *
 * @param feedRoot The root of the feed.
 * @returns The parsed feed.
 */
function getAtomFeed(feedRoot) {
    var _a;
    const childs = feedRoot.children;
    const feed = {
        type: "atom",
        items: getElementsByTagName("entry", childs).map((item) => {
            var _a;
            const { children } = item;
            const entry = { media: getMediaElements(children) };
            addConditionally(entry, "id", "id", children);
            addConditionally(entry, "title", "title", children);
            const href = (_a = getOneElement("link", children)) === null || _a === void 0 ? void 0 : _a.attribs["href"];
            if (href) {
                entry.link = href;
            }
            const description = fetch("summary", children) || fetch("content", children);
            if (description) {
                entry.description = description;
            }
            const pubDate = fetch("updated", children);
            if (pubDate) {
                entry.pubDate = new Date(pubDate);
            }
            return entry;
        }),
    };
    addConditionally(feed, "id", "id", childs);
    addConditionally(feed, "title", "title", childs);
    const href = (_a = getOneElement("link", childs)) === null || _a === void 0 ? void 0 : _a.attribs["href"];
    if (href) {
        feed.link = href;
    }
    addConditionally(feed, "description", "subtitle", childs);
    const updated = fetch("updated", childs);
    if (updated) {
        feed.updated = new Date(updated);
    }
    addConditionally(feed, "author", "email", childs, true);
    return feed;
}
/**
 * Parse a RSS feed.
 *
 * @param feedRoot The root of the feed.
 * @returns The parsed feed.
 */
function getRssFeed(feedRoot) {
    var _a, _b;
    const childs = (_b = (_a = getOneElement("channel", feedRoot.children)) === null || _a === void 0 ? void 0 : _a.children) !== null && _b !== void 0 ? _b : [];
    const feed = {
        type: feedRoot.name.substr(0, 3),
        id: "",
        items: getElementsByTagName("item", feedRoot.children).map((item) => {
            const { children } = item;
            const entry = { media: getMediaElements(children) };
            addConditionally(entry, "id", "guid", children);
            addConditionally(entry, "title", "title", children);
            addConditionally(entry, "link", "link", children);
            addConditionally(entry, "description", "description", children);
            const pubDate = fetch("pubDate", children) || fetch("dc:date", children);
            if (pubDate)
                entry.pubDate = new Date(pubDate);
            return entry;
        }),
    };
    addConditionally(feed, "title", "title", childs);
    addConditionally(feed, "link", "link", childs);
    addConditionally(feed, "description", "description", childs);
    const updated = fetch("lastBuildDate", childs);
    if (updated) {
        feed.updated = new Date(updated);
    }
    addConditionally(feed, "author", "managingEditor", childs, true);
    return feed;
}
const MEDIA_KEYS_STRING = (/* unused pure expression or super */ null && (["url", "type", "lang"]));
const MEDIA_KEYS_INT = (/* unused pure expression or super */ null && ([
    "fileSize",
    "bitrate",
    "framerate",
    "samplingrate",
    "channels",
    "duration",
    "height",
    "width",
]));
/**
 * Get all media elements of a feed item.
 *
 * @param where Nodes to search in.
 * @returns Media elements.
 */
function getMediaElements(where) {
    return getElementsByTagName("media:content", where).map((elem) => {
        const { attribs } = elem;
        const media = {
            medium: attribs["medium"],
            isDefault: !!attribs["isDefault"],
        };
        for (const attrib of MEDIA_KEYS_STRING) {
            if (attribs[attrib]) {
                media[attrib] = attribs[attrib];
            }
        }
        for (const attrib of MEDIA_KEYS_INT) {
            if (attribs[attrib]) {
                media[attrib] = parseInt(attribs[attrib], 10);
            }
        }
        if (attribs["expression"]) {
            media.expression = attribs["expression"];
        }
        return media;
    });
}
/**
 * Get one element by tag name.
 *
 * @param tagName Tag name to look for
 * @param node Node to search in
 * @returns The element or null
 */
function getOneElement(tagName, node) {
    return getElementsByTagName(tagName, node, true, 1)[0];
}
/**
 * Get the text content of an element with a certain tag name.
 *
 * @param tagName Tag name to look for.
 * @param where Node to search in.
 * @param recurse Whether to recurse into child nodes.
 * @returns The text content of the element.
 */
function fetch(tagName, where, recurse = false) {
    return textContent(getElementsByTagName(tagName, where, recurse, 1)).trim();
}
/**
 * Adds a property to an object if it has a value.
 *
 * @param obj Object to be extended
 * @param prop Property name
 * @param tagName Tag name that contains the conditionally added property
 * @param where Element to search for the property
 * @param recurse Whether to recurse into child nodes.
 */
function addConditionally(obj, prop, tagName, where, recurse = false) {
    const val = fetch(tagName, where, recurse);
    if (val)
        obj[prop] = val;
}
/**
 * Checks if an element is a feed root node.
 *
 * @param value The name of the element to check.
 * @returns Whether an element is a feed root node.
 */
function isValidFeed(value) {
    return value === "rss" || value === "feed" || value === "rdf:RDF";
}
//# sourceMappingURL=feeds.js.map
;// CONCATENATED MODULE: ./node_modules/domutils/lib/esm/index.js







/** @deprecated Use these methods from `domhandler` directly. */

//# sourceMappingURL=index.js.map
;// CONCATENATED MODULE: ./node_modules/htmlparser2/dist/esm/index.js




// Helper methods
/**
 * Parses the data, returns the resulting document.
 *
 * @param data The data that should be parsed.
 * @param options Optional options for the parser and DOM handler.
 */
function parseDocument(data, options) {
    const handler = new DomHandler(undefined, options);
    new Parser(handler, options).end(data);
    return handler.root;
}
/**
 * Parses data, returns an array of the root nodes.
 *
 * Note that the root nodes still have a `Document` node as their parent.
 * Use `parseDocument` to get the `Document` node instead.
 *
 * @param data The data that should be parsed.
 * @param options Optional options for the parser and DOM handler.
 * @deprecated Use `parseDocument` instead.
 */
function parseDOM(data, options) {
    return parseDocument(data, options).children;
}
/**
 * Creates a parser instance, with an attached DOM handler.
 *
 * @param callback A callback that will be called once parsing has been completed, with the resulting document.
 * @param options Optional options for the parser and DOM handler.
 * @param elementCallback An optional callback that will be called every time a tag has been completed inside of the DOM.
 */
function createDocumentStream(callback, options, elementCallback) {
    const handler = new DomHandler((error) => callback(error, handler.root), options, elementCallback);
    return new Parser(handler, options);
}
/**
 * Creates a parser instance, with an attached DOM handler.
 *
 * @param callback A callback that will be called once parsing has been completed, with an array of root nodes.
 * @param options Optional options for the parser and DOM handler.
 * @param elementCallback An optional callback that will be called every time a tag has been completed inside of the DOM.
 * @deprecated Use `createDocumentStream` instead.
 */
function createDomStream(callback, options, elementCallback) {
    const handler = new DomHandler(callback, options, elementCallback);
    return new Parser(handler, options);
}

/*
 * All of the following exports exist for backwards-compatibility.
 * They should probably be removed eventually.
 */



const parseFeedDefaultOptions = { xmlMode: true };
/**
 * Parse a feed.
 *
 * @param feed The feed that should be parsed, as a string.
 * @param options Optionally, options for parsing. When using this, you should set `xmlMode` to `true`.
 */
function parseFeed(feed, options = parseFeedDefaultOptions) {
    return getFeed(parseDOM(feed, options));
}

//# sourceMappingURL=index.js.map
;// CONCATENATED MODULE: ./.build/src/sources/html-links.js

/** Reads the anchors of an HTML page and what PEP 503, 592 and 629 attach to them. Never throws. */
function readHtmlLinks(html) {
    let base = null;
    let title = '';
    let words = '';
    let declared = false;
    let interactive = false;
    let hidden = 0;
    let inTitle = false;
    const links = [];
    const parser = new Parser_Parser({
        onopentag(name, attributes) {
            if (name === 'base')
                base ??= attributes['href'] ?? null;
            else if (name === 'meta')
                declared ||= attributes['name'] === 'pypi:repository-version';
            else if (name === 'title')
                inTitle = true;
            else if (name === 'script' || name === 'style')
                hidden += 1;
            else if (name === 'form' || name === 'input' || name === 'iframe')
                interactive = true;
            else if (name === 'a' && attributes['href'] !== undefined) {
                links.push({
                    href: attributes['href'],
                    filename: null,
                    sha256: null,
                    size: null,
                    requiresPython: attributes['data-requires-python'] || null,
                    yanked: attributes['data-yanked'] ?? null,
                    uploadTime: null,
                });
            }
        },
        ontext(text) {
            if (inTitle)
                title += text;
            else if (hidden === 0 && words.length < 240)
                words += text;
        },
        onclosetag(name) {
            if (name === 'title')
                inTitle = false;
            else if (name === 'script' || name === 'style')
                hidden -= 1;
        },
    });
    parser.end(html);
    const visible = words.replace(/\s+/g, ' ').trim().slice(0, 120);
    const titled = /^\s*(links for|simple index|index of)\b/i;
    const bare = visible === '' && links.length === 0 && (html.trim() === '' || /<(?:html|body|!doctype)/i.test(html));
    return {
        base,
        links,
        index: !interactive && (declared || titled.test(title) || titled.test(visible) || bare),
        words: visible,
    };
}

;// CONCATENATED MODULE: ./.build/src/sources/page.js


const sha256Pattern = /^[0-9a-f]{64}$/i;
/** The last part of a path, decoded; null unless it is a plain file name: it becomes one on a disk. */
function plainName(pathname) {
    const last = pathname.slice(pathname.lastIndexOf('/') + 1);
    if (/%(?![0-9a-f]{2})/i.test(last) || /%(?:2f|5c|00)/i.test(last))
        return null;
    const text = Buffer.from(last.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))), 'latin1').toString('utf8');
    return isPlain(text) ? text : null;
}
function isPlain(filename) {
    return /^[A-Za-z0-9][A-Za-z0-9._!+~-]*$/.test(filename) && filename.length <= 255;
}
/** Checks one link; null where it is dropped. `base` is the address that relative links are against. */
function readLink(link, base) {
    if (!URL.canParse(link.href, base))
        return null;
    const url = new URL(link.href, base);
    if (url.protocol !== 'https:' && url.protocol !== 'http:')
        return null;
    // As pip: a page that came by TLS cannot send us to an address without it.
    if (url.protocol === 'http:' && base.startsWith('https:'))
        return null;
    const filename = link.filename ?? plainName(url.pathname);
    if (filename === null || !isPlain(filename))
        return null;
    const parsed = parseFilename(filename);
    if (parsed === null)
        return null;
    const hash = link.sha256 ?? /(?:^#|&)sha256=([^&]*)/.exec(url.hash)?.[1] ?? '';
    url.hash = '';
    url.username = '';
    url.password = '';
    return {
        project: parsed.name,
        filename,
        url: url.href,
        sha256: sha256Pattern.test(hash) ? hash.toLowerCase() : null,
        size: link.size,
        requiresPython: link.requiresPython,
        yanked: link.yanked,
        uploadTime: link.uploadTime,
    };
}
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const page_text = (value) => (typeof value === 'string' ? value : null);
/** The links of a PEP 691 page with the fields of PEP 700; null where it is none. Entries of a wrong shape are null. */
function readJsonLinks(body) {
    let page;
    try {
        page = JSON.parse(body);
    }
    catch (error) {
        if (!(error instanceof SyntaxError))
            throw error;
        return null;
    }
    if (!isObject(page) || !Array.isArray(page['files']))
        return null;
    const { meta } = page;
    // PEP 629: a client must not read a page of another major version.
    if (isObject(meta) && !/^1\./.test(page_text(meta['api-version']) ?? '1.0'))
        return null;
    return page['files'].map((file) => {
        if (!isObject(file))
            return null;
        const { url, filename, hashes, size, yanked } = file;
        if (typeof url !== 'string' || typeof filename !== 'string')
            return null;
        return {
            href: url,
            filename,
            sha256: isObject(hashes) ? page_text(hashes['sha256']) : null,
            size: typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 ? size : null,
            requiresPython: page_text(file['requires-python']),
            yanked: typeof yanked === 'string' ? yanked : yanked === true ? '' : null,
            uploadTime: page_text(file['upload-time']),
        };
    });
}
function isJson(contentType, body) {
    if (/\bjson\b|\+json/i.test(contentType))
        return true;
    if (/html/i.test(contentType))
        return false;
    const start = body.trimStart().slice(0, 1);
    return start === '{' ? true : start === '<' ? false : null;
}
/**
 * Reads a project page or find-links page: JSON (PEP 691, 700) or HTML (PEP 503, 592), told apart by `contentType` and, where that says
 * nothing, by the first character. `url` is the address that answered. A page that lists nothing is a page; an HTML text that is no
 * index (a login form, a ban) is the fault `html`, other text `malformed`. Never throws on any text.
 */
function readPage(page) {
    const { body, contentType, url } = page;
    const json = isJson(contentType, body);
    if (json === null)
        return { fault: 'malformed', detail: `neither JSON nor HTML (content-type ${contentType || 'missing'})` };
    if (body.includes('\0'))
        return { fault: 'malformed', detail: `binary data where a page was asked (content-type ${contentType})` };
    let links;
    let base = url;
    if (json) {
        const found = readJsonLinks(body);
        if (found === null)
            return { fault: 'malformed', detail: 'JSON, but no project page of version 1 (PEP 691)' };
        links = found;
    }
    else {
        const found = readHtmlLinks(body);
        if (found.base !== null && URL.canParse(found.base, url))
            base = new URL(found.base, url).href;
        links = found.links;
        if (!found.index && !links.some((link) => link !== null && readLink(link, base) !== null)) {
            return { fault: 'html', detail: `a web page and no index: ${found.words || 'without text'}` };
        }
    }
    const read = links.map((link) => link && readLink(link, base));
    const files = read.filter((file) => file !== null);
    return { files, dropped: links.length - files.length };
}

;// CONCATENATED MODULE: ./.build/src/sources/fetch-page.js







const pageLimit = 64 * 1024 * 1024;
/** The order and weights that installers send: JSON where there is a choice (PEP 691). */
const accept = 'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01';
/** Words of pages by which mirrors and firewalls turn a client away. */
const banWords = /检测到您|封禁|禁止访问|访问被|拦截|\b(?:banned|blocked|access denied|forbidden|captcha|too many requests|rate limit)/i;
/** The address of a project's page; a find-links source is its own page. */
function pageAddress(source, project, folder) {
    if (source.kind === 'find-links')
        return source.url;
    const base = source.url.endsWith('/') ? source.url : `${source.url}/`;
    return folder === null ? `${base}${project}/` : `${base}${folder.channel}/${folder.folder}/${project}/`;
}
const seconds = (ms) => `${ms / 1000} s`;
/** The whole page may take so many times the limit of its first answer: a trickle never stalls. */
const wholePage = 10;
function firstWords(body) {
    return (body
        .replace(/<(script|style)[\s\S]*?<\/\1>/gi, ' ')
        .replace(/<[^>]*>/g, ' ')
        // Control characters would speak to the terminal.
        .replace(/[\s\p{C}\uFFFD]+/gu, ' ')
        .trim()
        .slice(0, 120));
}
/** What a status other than 200 means; a body is read for its first words only. */
async function readRefusal(answer, source) {
    const { status } = answer;
    if (status === 404 || status === 410) {
        answer.cancel();
        return { kind: 'missing', detail: `status ${status}`, remedy: null };
    }
    const words = await answer.text(65_536).then(firstWords, (error) => error.message);
    const detail = `status ${status}${words === '' ? '' : `: ${words}`}`;
    if (status === 401 || ((status === 403 || status === 404) && source.kind === 'private')) {
        return {
            kind: 'status',
            detail,
            remedy: 'Write user name and password (or a token) into the address of this index.',
        };
    }
    if ([403, 405, 429, 451].includes(status) || banWords.test(words)) {
        const after = answer.headers['retry-after'];
        const wait = after === undefined ? '' : ` It asks to wait: Retry-After ${after}.`;
        return {
            kind: 'banned',
            detail: `${detail}${wait}`,
            remedy: 'It turns this machine or network away: name another source in `mirrors`.',
        };
    }
    return { kind: 'status', detail, remedy: null };
}
async function readFolder({ source }) {
    const started = performance.now();
    const files = (await (0,promises_.readdir)(source.url)).map(async (filename) => {
        const project = parseFilename(filename)?.name;
        if (project === undefined)
            return null;
        const path = (0,external_node_path_.join)(source.url, filename);
        const found = await (0,promises_.stat)(path);
        if (!found.isFile())
            return null;
        // Hashing gigabytes to list them would be waste: whoever takes the file hashes it.
        const unknown = { sha256: null, requiresPython: null, yanked: null, uploadTime: null };
        return { ...unknown, project, filename, url: (0,external_node_url_.pathToFileURL)(path).href, size: found.size };
    });
    const read = (await Promise.all(files)).filter((file) => file !== null);
    return { source, files: read, dropped: files.length - read.length, host: '', ms: performance.now() - started };
}
/**
 * Asks one source for the page of one project. Every way in which it may fail is a fault and not an exception; only the abort of
 * `signal` throws, with its reason. A find-links source gives the files of every project on its one page or in its folder.
 */
async function fetchPage(client, question) {
    const { source, project, folder, firstAnswerMs, signal } = question;
    const url = pageAddress(source, project, folder);
    const fault = (kind, detail, remedy) => ({
        source: source.id,
        url: maskUrl(url),
        kind,
        detail,
        remedy,
    });
    if ((0,external_node_path_.isAbsolute)(source.url)) {
        return readFolder(question).catch((error) => {
            const gone = error.code === 'ENOENT' || error.code === 'ENOTDIR';
            return fault(gone ? 'missing' : 'refused', error.message, `Correct the find-links folder that ${source.origin} names.`);
        });
    }
    const started = performance.now();
    const late = new AbortController();
    const abort = (what, ms) => () => late.abort(new HttpFault('timeout', `${what} within ${seconds(ms)}`, null));
    let timer = setTimeout(abort('no answer', firstAnswerMs), firstAnswerMs);
    try {
        const answer = await client.request({
            url,
            headers: { accept, 'accept-encoding': 'gzip, br', 'cache-control': 'max-age=0' },
            credentials: source.credentials,
            signal: AbortSignal.any([signal, late.signal]),
        });
        clearTimeout(timer);
        timer = setTimeout(abort('no whole page', firstAnswerMs * wholePage), firstAnswerMs * wholePage);
        const ms = performance.now() - started;
        if (answer.status !== 200)
            return fault(...spread(await readRefusal(answer, source)));
        const body = await answer.text(pageLimit);
        const reading = readPage({ body, contentType: answer.headers['content-type'] ?? '', url: answer.url });
        if ('fault' in reading) {
            const banned = reading.fault === 'html' && banWords.test(body.slice(0, 20_000));
            return fault(banned ? 'banned' : reading.fault, reading.detail, banned ? 'It turns this machine or network away: name another source in `mirrors`.' : null);
        }
        // One find-links page holds many projects by its nature; elsewhere a stranger's file is a wrong link.
        const files = source.kind === 'find-links' ? reading.files : reading.files.filter((file) => file.project === project);
        const dropped = reading.dropped + reading.files.length - files.length;
        if (files.length === 0)
            return fault('empty', `the page lists no file${dropped === 0 ? '' : ` that could be taken (${dropped} links left out)`}`, null);
        return { source, files, dropped, host: new URL(answer.url).host, ms };
    }
    catch (error) {
        if (signal.aborted)
            throw signal.reason;
        if (error instanceof HttpFault)
            return fault(error.kind, error.message, error.remedy);
        throw error;
    }
    finally {
        clearTimeout(timer);
    }
}
const spread = ({ kind, detail, remedy }) => [kind, detail, remedy];

;// CONCATENATED MODULE: ./.build/src/sources/race.js
/** Tells a fault from a page or anything else that a source gives. */
function isFault(result) {
    return typeof result === 'object' && result !== null && 'kind' in result && 'detail' in result;
}
/**
 * Asks sources one after another with head starts, and takes the first good answer; the others are aborted. So a dead source costs its
 * head start, and a good first one spares the rest the question. `enough` ends the race without a winner when the faults so far settle
 * the matter. Rejects with the signal's reason.
 */
function race(entrants, enough, signal) {
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    const faults = [];
    let next = 0;
    let running = 0;
    let timer;
    const settled = new Promise((resolve, reject) => {
        const start = () => {
            clearTimeout(timer);
            const entrant = entrants[next];
            if (entrant === undefined) {
                if (running === 0)
                    resolve({ won: null, faults });
                return;
            }
            next += 1;
            running += 1;
            const following = entrants[next];
            if (following !== undefined)
                timer = setTimeout(start, following.gapMs);
            entrant.run(either).then((result) => {
                running -= 1;
                if (!isFault(result))
                    return resolve({ won: result, faults });
                faults.push(result);
                if (enough(faults))
                    return resolve({ won: null, faults });
                return running === 0 ? start() : undefined;
            }, reject);
        };
        start();
    });
    return settled.finally(() => {
        clearTimeout(timer);
        over.abort();
    });
}

;// CONCATENATED MODULE: ./.build/src/sources/asking.js



/** Limit until the header of a page came: where another source can answer, and where none can. */
const firstAnswerMs = { oneOfMany: 3000, alone: 20_000 };
/**
 * Limits of the attempts: at a source that stands alone, at several, and at one that others can stand in for. With the waits between them
 * four attempts outlast a server that is started again (6 s).
 */
const patience = {
    alone: [firstAnswerMs.alone, firstAnswerMs.alone, firstAnswerMs.alone, firstAnswerMs.alone],
    several: [firstAnswerMs.oneOfMany, firstAnswerMs.alone, firstAnswerMs.alone, firstAnswerMs.alone],
    replaceable: [firstAnswerMs.oneOfMany, firstAnswerMs.oneOfMany, firstAnswerMs.oneOfMany],
};
/** Pages asked of one source at a time, also where more connections would be welcome. */
const pagesAtOnce = 8;
/** Faults of a source as a whole, not of one page: it is asked again only when nothing else is left. */
const deadly = ['refused', 'dns', 'tls', 'timeout', 'proxy', 'banned', 'html', 'redirect'];
/** Whether a fault says that the source itself cannot be used, whatever is asked of it. */
function isDeadly({ kind }) {
    return deadly.includes(kind);
}
/** Whether a fault only says that the source does not have the project. */
function isAbsent({ kind }) {
    return kind === 'missing' || kind === 'empty';
}
/** Asks one source and notes what that shows of it. */
async function ask(shared, source, project, folder, limitMs, signal) {
    const most = Math.min(source.connections, pagesAtOnce);
    const result = await shared.turnstile(source.group, most, () => {
        signal.throwIfAborted();
        return fetchPage(shared.client, { source, project, folder, firstAnswerMs: limitMs, signal });
    });
    if (!isFault(result)) {
        shared.dead.delete(source.id);
        shared.onPage(result);
    }
    else {
        if (isDeadly(result))
            shared.dead.add(source.id);
        shared.onFault(result);
    }
    return result;
}
/** Pages and faults of several answers apart. */
function sortOut(results) {
    return {
        pages: results.filter((result) => !isFault(result)),
        faults: results.filter(isFault),
    };
}
/**
 * Tries again while every fault is one that may pass, with growing jittered waits. `limits`: for each attempt the milliseconds until the
 * header came; a source that was too slow is asked again only with more patience.
 */
async function persist(limits, attempt, signal) {
    let found = { pages: [], faults: [] };
    for (const [index, limitMs] of limits.entries()) {
        found = await attempt(limitMs);
        const next = limits[index + 1];
        const mayPass = ({ kind, detail }) => kind === 'reset' ||
            (kind === 'status' && /^status 5/.test(detail)) ||
            (kind === 'timeout' && (next ?? 0) > limitMs);
        if (next === undefined || found.pages.length > 0 || found.faults.length === 0 || !found.faults.every(mayPass))
            break;
        await (0,external_node_timers_promises_namespaceObject.setTimeout)(300 * 4 ** index * (0.75 + Math.random() / 2), undefined, { signal }).catch(() => signal.throwIfAborted());
    }
    return found;
}

;// CONCATENATED MODULE: ./.build/src/sources/merge.js
/** Group of the official index and of everything that is it under another name. */
const officialGroup = 'official';
/**
 * Which hash is right: the user's lock, then the official index where it takes part, then the majority of independent groups; a hash that
 * only one group states is that index's word. Where they differ without a referee there is none: the locations keep what each states.
 */
function judge(listed, locked) {
    if (locked !== undefined)
        return { sha256: locked, hashOrigin: 'lock' };
    const stated = listed.filter(({ file }) => file.sha256 !== null);
    const official = stated.find(({ page }) => page.source.group === officialGroup);
    if (official !== undefined)
        return { sha256: official.file.sha256, hashOrigin: 'official' };
    const byGroup = new Map();
    for (const { page, file } of stated) {
        if (file.sha256 !== null && !byGroup.has(page.source.group))
            byGroup.set(page.source.group, file.sha256);
    }
    const votes = new Map();
    for (const hash of byGroup.values())
        votes.set(hash, (votes.get(hash) ?? 0) + 1);
    const [best, count = 0] = [...votes].sort((a, b) => b[1] - a[1])[0] ?? [];
    if (best === undefined || count * 2 <= byGroup.size)
        return { sha256: null, hashOrigin: null };
    return { sha256: best, hashOrigin: byGroup.size > 1 ? 'agreement' : 'index' };
}
const first = (values) => values.find((value) => value !== null) ?? null;
function mergeFile(filename, listed, locked) {
    const { sha256, hashOrigin } = judge(listed, locked);
    const isWrong = ({ file }) => sha256 !== null && file.sha256 !== null && file.sha256 !== sha256;
    const good = listed.filter((one) => !isWrong(one));
    // The referee's word first, also for what is not a hash.
    const told = [...good].sort((a, b) => rank(a) - rank(b)).map(({ file }) => file);
    const differ = sha256 === null && new Set(good.map(({ file }) => file.sha256).filter((hash) => hash !== null)).size > 1;
    return {
        wrong: listed.filter(isWrong),
        file: {
            filename,
            sha256,
            hashOrigin,
            size: differ ? null : first(told.map(({ size }) => size)),
            requiresPython: first(told.map((file) => file.requiresPython)),
            yanked: first(told.slice(0, 1).map((file) => file.yanked)),
            uploadTime: first(told.map((file) => file.uploadTime)),
            locations: good.map(({ page, file }) => ({
                source: page.source.id,
                url: file.url,
                sha256: file.sha256,
                size: file.size,
            })),
        },
    };
}
const rank = ({ page }) => (page.source.group === officialGroup ? 0 : 1);
/**
 * The union of what several sources list of one project, by file name in the order in which they were asked; that is also the order of a
 * file's locations. A location that states another hash than the right one is left out and told as a fault of its source.
 * `locked`: file name → sha256 of the user's lock.
 */
function mergePages(project, pages, faults, locked = new Map()) {
    const byName = new Map();
    for (const page of pages) {
        for (const file of page.files) {
            const listed = byName.get(file.filename) ?? [];
            // A page that lists one name twice contradicts itself: its first word counts.
            if (!listed.some((one) => one.page === page))
                listed.push({ page, file });
            byName.set(file.filename, listed);
        }
    }
    const merged = [...byName].map(([filename, listed]) => mergeFile(filename, listed, locked.get(filename)));
    const wrong = merged.flatMap(({ file, wrong: listed }) => listed.map(({ page, file: bad }) => ({
        source: page.source.id,
        url: bad.url,
        kind: 'wrong-hash',
        detail: `states sha256 ${bad.sha256} for ${file.filename}; by ${file.hashOrigin} it is ${file.sha256}`,
        remedy: null,
    })));
    return {
        project,
        files: merged.map(({ file }) => file),
        answered: pages.map((page) => page.source.id),
        faults: [...faults, ...wrong],
    };
}
/**
 * Adds what later origins list to what earlier ones do. Their order is the order of trust: a file name that is known gains a location
 * only where both state the same hash, and a later origin never replaces a file.
 */
function joinOrigins(project, pages) {
    const files = new Map();
    for (const file of pages.flatMap((page) => page.files)) {
        const known = files.get(file.filename);
        if (known === undefined)
            files.set(file.filename, file);
        else if (known.sha256 !== null && known.sha256 === file.sha256) {
            files.set(file.filename, { ...known, locations: [...known.locations, ...file.locations] });
        }
    }
    return {
        project,
        files: [...files.values()],
        answered: pages.flatMap((page) => page.answered),
        faults: pages.flatMap((page) => page.faults),
    };
}

;// CONCATENATED MODULE: ./.build/src/sources/probe.js




const sampleBytes = 1024 * 1024;
/** A slow source has shown that it is slow by then. */
const sampleMs = 2000;
/** The file to try: the wanted one, else the largest wheel, which is the least likely to be smaller than the sample. */
function choose(files, wanted) {
    if (wanted !== null)
        return files.find(({ filename }) => filename === wanted);
    const wheels = files.filter(({ filename, yanked }) => filename.endsWith('.whl') && yanked === null);
    return wheels.reduce((best, file) => (best === undefined || (file.size ?? 0) >= (best.size ?? 0) ? file : best), undefined);
}
/** What is wrong with the answer to a range of a file, or null. */
function refuse(answer) {
    const type = answer.headers['content-type'] ?? '';
    if (/text\/html/i.test(type))
        return {
            kind: answer.status < 300 ? 'html' : 'banned',
            detail: `status ${answer.status} with a web page where a file was asked`,
        };
    if ([403, 429, 451].includes(answer.status))
        return { kind: 'banned', detail: `status ${answer.status} for a file that its page lists` };
    if (answer.status === 404)
        return { kind: 'stale', detail: 'its page lists a file that is not there' };
    if (answer.status !== 200 && answer.status !== 206)
        return { kind: 'status', detail: `status ${answer.status} for a file that its page lists` };
    if (answer.status === 206 && !/^bytes 0-\d+\/(?:\d+|\*)$/.test(answer.headers['content-range'] ?? '')) {
        return {
            kind: 'malformed',
            detail: `another range than asked: ${answer.headers['content-range'] ?? 'no content-range'}`,
        };
    }
    return null;
}
/**
 * Takes at most 1 MiB and 2 s of a file. Bytes a second from the first byte of the body on, so that a far but wide source is not taken
 * for a slow one; a fault otherwise. Throws the signal's reason.
 */
async function sample(client, source, file, signal) {
    const fault = (kind, detail, remedy) => ({
        source: source.id,
        url: maskUrl(file.url),
        kind,
        detail,
        remedy,
    });
    const sameOrigin = new URL(file.url).origin === new URL(source.url).origin;
    try {
        const answer = await client.request({
            url: file.url,
            headers: { range: `bytes=0-${sampleBytes - 1}` },
            credentials: sameOrigin ? source.credentials : null,
            connectMs: 3000,
            headersMs: 3000,
            stallMs: 3000,
            signal,
        });
        const wrong = refuse(answer);
        if (wrong !== null) {
            answer.cancel();
            return fault(wrong.kind, wrong.detail, null);
        }
        const started = performance.now();
        let bytes = 0;
        for await (const piece of answer.body) {
            // A wheel is a zip; a page of a firewall that calls itself a file is not.
            if (bytes === 0 && file.filename.endsWith('.whl') && piece[0] !== 0x50) {
                answer.cancel();
                return fault('html', 'the bytes are not those of a wheel', null);
            }
            bytes += piece.length;
            if (bytes >= sampleBytes || performance.now() - started > sampleMs)
                break;
        }
        return (bytes * 1000) / Math.max(1, performance.now() - started);
    }
    catch (error) {
        if (signal.aborted)
            throw signal.reason;
        if (error instanceof HttpFault)
            return fault(error.kind, error.message, error.remedy);
        throw error;
    }
}
/** Looks at a page that is there already: the sample is all that is asked. */
async function probePage(client, page, wanted, signal) {
    const { source, ms, host } = page;
    const file = choose(page.files, wanted);
    const seen = { source, ms, host, bytesPerSecond: null, fault: null };
    if (file === undefined) {
        const detail = `does not list ${wanted}`;
        return wanted === null
            ? seen
            : { ...seen, fault: { source: source.id, url: maskUrl(source.url), kind: 'stale', detail, remedy: null } };
    }
    if (file.url.startsWith('file:'))
        return seen;
    const speed = await sample(client, source, file, signal);
    return isFault(speed) ? { ...seen, fault: speed } : { ...seen, bytesPerSecond: speed };
}
/**
 * Looks at one source as an installer would: the page of a project, then the beginning of the wanted file (null: of the largest wheel).
 * `firstAnswerMs` is the limit for the page's header. Throws the signal's reason only.
 */
async function probe(client, question) {
    const page = await fetchPage(client, question);
    if (isFault(page))
        return { source: question.source, ms: null, bytesPerSecond: null, host: null, fault: page };
    return probePage(client, page, question.wanted, question.signal);
}

;// CONCATENATED MODULE: ./.build/src/sources/ranking.js
const keptForMs = 24 * 3600 * 1000;
/** About what an installation brings beside one large wheel: weighs latency against throughput. */
const weighedBytes = 32 * 1024 * 1024;
/** A first choice of at most this many milliseconds to a page and at least this many bytes a second is left alone: no mirror is probed. */
const fastEnough = { ms: 1000, bytesPerSecond: 1024 * 1024 };
/** Milliseconds in which a source would bring a typical installation; infinite for one that failed. */
function expectedMs({ ms, bytesPerSecond, fault }) {
    if (ms === null || fault !== null)
        return Number.POSITIVE_INFINITY;
    return ms + (weighedBytes * 1000) / (bytesPerSecond ?? fastEnough.bytesPerSecond);
}
/**
 * Best first by what was measured; of several that answered from one host only the fastest stays in front, the others follow behind
 * everything that answered. Sources that were not probed keep their order after those, failed ones come last.
 */
function rankSources(sources, probes) {
    const sorted = [...probes].sort((a, b) => expectedMs(a) - expectedMs(b));
    const hosts = new Set();
    const place = new Map();
    for (const one of sorted) {
        const place1 = one.fault !== null ? 3 : one.host !== null && hosts.has(one.host) ? 1 : 0;
        if (one.host !== null)
            hosts.add(one.host);
        place.set(one.source, place1);
    }
    const probed = sorted.map(({ source }) => source);
    const all = [...probed, ...sources.filter((source) => !place.has(source))];
    return all.sort((a, b) => (place.get(a) ?? 2) - (place.get(b) ?? 2));
}
/** The kept ranking, if it is one, at most a day old and its first source still takes part under the same address; else null. */
function readRanking(kept, sources, now) {
    const { schema, measured, wide, order } = (kept ?? {});
    if (schema !== 1 || typeof measured !== 'string' || typeof wide !== 'boolean' || !Array.isArray(order))
        return null;
    const age = now - Date.parse(measured);
    const [best] = order;
    if (!(age >= 0 && age < keptForMs) || best === undefined)
        return null;
    return sources.some(({ id, url }) => id === best.id && url === best.url) ? { schema, measured, wide, order } : null;
}
/** Puts sources into the kept order; those that it does not name follow. */
function applyRanking(sources, kept) {
    const at = ({ id, url }) => {
        const index = kept.order.findIndex((one) => one.id === id && one.url === url);
        return index < 0 ? kept.order.length : index;
    };
    return [...sources].sort((a, b) => at(a) - at(b));
}

;// CONCATENATED MODULE: ./.build/src/sources/python-index.js





/** How long the first choice runs alone before the official index is asked too, and before mirrors are. */
const headStartMs = { official: 80, next: 800, mirrors: 1000 };
/** Pages asked at once where the first choice is slow; mirrors probed at once. */
const width = { pages: 3, probes: 6 };
/**
 * Opens the Python index of one run. `sources` are in order of wish; `exclusive`: the user's own list, which is not measured against
 * anything; `wide`: what a kept ranking says, null where nothing is known.
 */
function openPythonIndex(sources, exclusive, wide, shared) {
    const { client, log, signal, dead } = shared;
    const authority = exclusive ? undefined : sources.find(({ id }) => id === 'configured');
    let order = [...sources];
    let asksSeveral = wide ?? false;
    let measured = wide !== null || exclusive || authority !== undefined || sources.length < 2;
    let measuring = Promise.resolve();
    let authorityAnswered = false;
    /** Sources that another one has overtaken in a race. */
    const overtaken = new Set();
    const limits = sources.length > 1 ? patience.several : patience.alone;
    const byLife = () => [...order.filter(({ id }) => !dead.has(id)), ...order.filter(({ id }) => dead.has(id))];
    function gap(source, index, before) {
        if (exclusive || index === 0)
            return headStartMs.next;
        if (source.group === officialGroup)
            return headStartMs.official;
        // Mirrors start three at a time.
        return before === undefined || before.group === officialGroup || index % width.pages === 0
            ? headStartMs.mirrors
            : 0;
    }
    /** One mirror's word may be stale; the official index, or two independent groups, settle a matter. */
    function areReferees(ids) {
        const groups = ids.flatMap((id) => sources.filter((source) => source.id === id)).map(({ group }) => group);
        return groups.includes(officialGroup) || new Set(groups).size > 1;
    }
    function settledBy(faults) {
        return !exclusive && areReferees(faults.filter(isAbsent).map(({ source }) => source));
    }
    async function inTurn(project, candidates, limitMs) {
        const entrants = candidates.map((source, index) => ({
            gapMs: gap(source, index, candidates[index - 1]),
            run: (abort) => ask(shared, source, project, null, limitMs, abort),
        }));
        const { won, faults } = await race(entrants, settledBy, signal);
        if (won === null)
            return { pages: [], faults };
        for (const { id } of candidates.slice(0, candidates.indexOf(won.source)))
            overtaken.add(id);
        overtaken.delete(won.source.id);
        // Whoever overtook the first choice is the first choice from now on.
        if (!measured || exclusive)
            order = [won.source, ...order.filter((source) => source !== won.source)];
        return { pages: [won], faults };
    }
    async function together(project, chosen, limitMs) {
        return sortOut(await Promise.all(chosen.map((source) => ask(shared, source, project, null, limitMs, signal))));
    }
    /** The best of each group first, then whoever is left. */
    function best(candidates, count) {
        const leads = candidates.filter((source, index) => candidates.findIndex(({ group }) => group === source.group) === index);
        return [...leads, ...candidates.filter((source) => !leads.includes(source))].slice(0, count);
    }
    /** Measures the first choice on its own page; mirrors are probed only where it is slow. */
    async function measure(page) {
        const first = await probePage(client, page, null, signal);
        if (first.fault === null &&
            page.ms <= fastEnough.ms &&
            (first.bytesPerSecond ?? fastEnough.bytesPerSecond) >= fastEnough.bytesPerSecond)
            return;
        const rivals = best(order.filter(({ id }) => id !== page.source.id && !dead.has(id)), width.probes);
        const project = page.files[0]?.project ?? '';
        const looks = rivals.map((source) => probe(client, { source, project, folder: null, wanted: null, firstAnswerMs: firstAnswerMs.oneOfMany, signal }));
        const probes = [first, ...(await Promise.all(looks))];
        for (const { fault } of probes)
            if (fault !== null)
                shared.onFault(fault);
        order = rankSources(order, probes);
        shared.onRanking();
        asksSeveral = probes.some((one) => one.source === order[0] && Number.isFinite(expectedMs(one)));
        log.info(`Sources by what was measured: ${order
            .slice(0, width.pages)
            .map(({ id }) => id)
            .join(', ')}.`);
    }
    async function findByAuthority(configured, project) {
        const found = await persist(sources.length > 1 ? patience.replaceable : patience.alone, async (limitMs) => sortOut([await ask(shared, configured, project, null, limitMs, signal)]), signal);
        const [fault] = found.faults;
        authorityAnswered ||= fault === undefined || isAbsent(fault);
        // Once it has spoken, its silence about one project is never filled with a stranger's package of that name.
        if (authorityAnswered || fault === undefined || !isDeadly(fault))
            return found;
        const text = `The configured index does not answer (${fault.detail}); the official index and its mirrors stand in for it. Name it alone in \`mirrors\` to forbid that.`;
        log.warn({ id: 'configured-index-failed', text });
        return null;
    }
    const isAuthority = () => authority !== undefined && (authorityAnswered || !dead.has(authority.id));
    async function find(project) {
        if (sources.length === 0)
            return { pages: [], faults: [] };
        if (authority !== undefined && (authorityAnswered || !dead.has(authority.id))) {
            const found = await findByAuthority(authority, project);
            if (found !== null)
                return found;
        }
        await measuring;
        const attempt = async (limitMs) => {
            const candidates = byLife().filter((source) => source !== authority);
            if (!asksSeveral)
                return inTurn(project, candidates, limitMs);
            const referee = candidates.filter(({ id, group }) => group === officialGroup && !dead.has(id));
            const chosen = [...new Set([...best(candidates, width.pages), ...referee])];
            const found = await together(project, chosen, limitMs);
            if (found.pages.length > 0 || settledBy(found.faults))
                return found;
            const others = candidates.filter((source) => !chosen.includes(source));
            const rest = await inTurn(project, others, limitMs);
            return { pages: rest.pages, faults: [...found.faults, ...rest.faults] };
        };
        return persist(limits, attempt, signal);
    }
    return {
        async find(project) {
            const found = await find(project);
            const [page] = found.pages;
            if (!measured && page !== undefined) {
                measured = true;
                // The page is needed now; what is measured serves the next ones.
                measuring = measure(page).catch((error) => {
                    if (!signal.aborted)
                        throw error;
                });
            }
            return found;
        },
        more: (project, asked, living) => together(project, best(byLife().filter(({ id }) => !asked.has(id) && !(living && (dead.has(id) || overtaken.has(id)))), width.pages), firstAnswerMs.oneOfMany),
        isAuthority,
        isSettledBy: (answered) => isAuthority() || areReferees(answered),
        demote(ids) {
            order = [...order.filter(({ id }) => !ids.has(id)), ...order.filter(({ id }) => ids.has(id))];
        },
        ranked: () => byLife(),
        settled: () => measuring,
        isWide: () => asksSeveral,
        isMeasured: () => measured && !exclusive && authority === undefined && sources.length > 1,
    };
}

;// CONCATENATED MODULE: ./.build/src/sources/turnstile.js
/** Makes a turnstile: campus mirrors ban clients with many connections, and fifty pages parsed at once fill the memory. */
function createTurnstile() {
    const running = new Map();
    const waiting = new Map();
    return async (key, most, work) => {
        const inside = running.get(key) ?? 0;
        if (inside < most)
            running.set(key, inside + 1);
        // Whoever leaves hands over the place, so that the count stays as it is.
        else
            await new Promise((resolve) => waiting.set(key, [...(waiting.get(key) ?? []), resolve]));
        try {
            return await work();
        }
        finally {
            const [next, ...rest] = waiting.get(key) ?? [];
            waiting.set(key, rest);
            if (next === undefined)
                running.set(key, (running.get(key) ?? 1) - 1);
            else
                next();
        }
    };
}

;// CONCATENATED MODULE: ./.build/src/sources/open.js






const pythonOnly = [{ kind: 'python' }];
const open_keyOf = (project, origins) => `${project} ${JSON.stringify(origins)}`;
/**
 * Opens the sources of a roster. `exclusive`: the Python sources are the user's own list. `kept`: a ranking of an earlier run, as it was
 * read from JSON. `locked`: file name → sha256 of the user's lock. Private indexes come first and alone: a project that one of them has
 * is taken from there and nowhere else, and one that fails is never replaced by another index (dependency confusion).
 */
function openSources(options) {
    const { roster, exclusive, client, log, signal, locked } = options;
    const of = (kind) => roster.filter((source) => source.kind === kind);
    const [privates, paddles, findLinks] = [of('private'), of('paddle'), of('find-links')];
    const ranking = exclusive ? null : readRanking(options.kept, of('python'), Date.now());
    const faults = [];
    const used = new Set();
    const entries = new Map();
    const shared = {
        client,
        log,
        signal,
        dead: new Set(),
        turnstile: createTurnstile(),
        onPage: ({ source }) => used.add(source.id),
        onFault: (fault) => {
            if (!isAbsent(fault))
                faults.push(fault);
        },
        onRanking: () => entries.clear(),
    };
    const python = openPythonIndex(ranking === null ? of('python') : applyRanking(of('python'), ranking), exclusive, ranking?.wide ?? null, shared);
    let places = null;
    /** A mirror was found stale or wrong: none is believed alone any more. */
    let doubtful = false;
    /** Every file of the find-links sources: each is one page or folder, read once. */
    const findLinksFiles = () => {
        places ??= Promise.all(findLinks.map((source) => ask(shared, source, '', null, firstAnswerMs.oneOfMany, signal))).then((results) => {
            const found = sortOut(results);
            for (const { source, detail, remedy } of found.faults) {
                log.warn({ id: `find-links-${source}`, text: `${source}: ${detail}.${remedy === null ? '' : ` ${remedy}`}` });
            }
            return found;
        });
        return places;
    };
    async function local(project) {
        const { pages } = await findLinksFiles();
        const own = pages.map((page) => ({ ...page, files: page.files.filter((file) => file.project === project) }));
        return own.filter(({ files }) => files.length > 0);
    }
    async function findPrivate(project) {
        const asked = privates.map((source) => persist(patience.alone, async (limitMs) => sortOut([await ask(shared, source, project, null, limitMs, signal)]), signal));
        for (const found of await Promise.all(asked)) {
            if (found.pages.length > 0 || !found.faults.every(isAbsent))
                return found;
        }
        return null;
    }
    function findPaddle(project, origin, alone) {
        const living = paddles.filter(({ id }) => alone || !shared.dead.has(id));
        const attempt = async (limitMs) => {
            const entrants = living.map((source) => ({
                gapMs: 1000,
                run: (abort) => ask(shared, source, project, origin, limitMs, abort),
            }));
            const { won, faults: met } = await race(entrants, () => false, signal);
            return { pages: won === null ? [] : [won], faults: met };
        };
        if (!alone)
            return attempt(firstAnswerMs.oneOfMany);
        return persist(living.length > 1 ? patience.several : patience.alone, attempt, signal);
    }
    function compose(project, parts, own) {
        // Local files stand beside those of the first origin, whose hashes then judge them.
        return joinOrigins(project, parts.map(({ found }, index) => mergePages(project, [...(index === 0 ? own : []), ...found.pages], found.faults, locked)));
    }
    async function load(project, origins) {
        const own = await local(project);
        const fromPrivate = privates.length === 0 ? null : await findPrivate(project);
        if (fromPrivate !== null) {
            const failed = fromPrivate.pages.length === 0;
            const page = mergePages(project, failed ? [] : [...own, ...fromPrivate.pages], fromPrivate.faults, locked);
            return { project, origins, page, parts: [] };
        }
        const parts = await Promise.all(origins.map(async (origin) => ({
            origin,
            found: await (origin.kind === 'python'
                ? python.find(project)
                : findPaddle(project, origin, origins.length === 1)),
        })));
        const page = compose(project, parts, own);
        // Where find-links are all there is, their failure is the answer; beside an index it is a notice.
        const lonely = findLinks.length === roster.length;
        return { project, origins, page: lonely ? { ...page, faults: (await findLinksFiles()).faults } : page, parts };
    }
    function entry(project, origins) {
        const key = open_keyOf(project, origins);
        const known = entries.get(key);
        if (known !== undefined)
            return known;
        const loading = load(project, origins);
        entries.set(key, loading);
        // A failure may pass: whoever asks again is answered anew.
        const forget = () => entries.get(key) === loading && entries.delete(key);
        loading.then(({ page }) => page.files.length === 0 && !page.faults.every(isAbsent) && forget(), forget);
        return loading;
    }
    async function enlarge(before, living) {
        const { project, origins } = before;
        const asked = new Set([...before.page.answered, ...before.page.faults.map(({ source }) => source)]);
        if (!before.parts.some(({ origin }) => origin.kind === 'python'))
            return before;
        const extra = await python.more(project, asked, living);
        const own = await local(project);
        const alone = python.isAuthority();
        const parts = before.parts.map((part) => part.origin.kind !== 'python' || alone
            ? part
            : {
                ...part,
                found: { pages: [...part.found.pages, ...extra.pages], faults: [...part.found.faults, ...extra.faults] },
            });
        const names = new Set(before.page.files.map(({ filename }) => filename));
        const others = mergePages(project, extra.pages.map((page) => ({ ...page, files: page.files.filter(({ filename }) => names.has(filename)) })), extra.faults);
        // Behind an authoritative index, others may only bring the very bytes that it lists.
        const page = alone ? joinOrigins(project, [before.page, others]) : compose(project, parts, own);
        const after = { project, origins, page, parts };
        entries.set(open_keyOf(project, origins), Promise.resolve(after));
        return after;
    }
    function confirmed(before) {
        const settled = before.page.files.length === 0 || python.isSettledBy(before.page.answered);
        return settled ? Promise.resolve(before) : enlarge(before, true);
    }
    return {
        async page(project, origins = pythonOnly) {
            const found = await entry(project, origins);
            return (doubtful ? await confirmed(found) : found).page;
        },
        async widen(project, origins = pythonOnly, failed = new Set()) {
            python.demote(failed);
            return (await enlarge(await entry(project, origins), false)).page;
        },
        async confirm(project, origins = pythonOnly) {
            return (await confirmed(await entry(project, origins))).page;
        },
        async confirmAll() {
            const before = await Promise.all(entries.values());
            const after = await Promise.all(before.map(confirmed));
            const listed = (one) => one?.page.files.map(({ filename, sha256 }) => `${filename} ${sha256}`).join('\n') ?? '';
            const changed = after.some((now, index) => listed(now) !== listed(before[index]));
            doubtful ||= changed;
            return changed;
        },
        ranked: () => [...privates, ...findLinks, ...python.ranked(), ...paddles],
        faults: () => faults,
        used: () => [...used],
        async keep() {
            await python.settled();
            if (!python.isMeasured())
                return null;
            const order = python.ranked().map(({ id, url }) => ({ id, url }));
            return { schema: 1, measured: ranking?.measured ?? new Date().toISOString(), wide: python.isWide(), order };
        },
    };
}

;// CONCATENATED MODULE: ./.build/src/sources/roster.js







/** Connections to a host that the catalogue does not know. */
const defaultConnections = 16;
const withSlash = (url) => (url.endsWith('/') ? url : `${url}/`);
const canonical = (url) => withSlash(URL.canParse(url) ? new URL(url).href : url);
const sameIndex = (a, b) => canonical(a) === canonical(b);
const words = (text) => text.split(/\s+/).filter((word) => word !== '');
const isTrue = (text) => text !== undefined && /^(?:1|true|yes|on|y|t)$/i.test(text.trim());
/** The folder that a find-links word of pip's means: a `file:` address, or a path (`~` and relative ones as pip reads them); else null. */
function findLinksPlace(word) {
    if (/^file:\/\/(?:localhost)?\//i.test(word))
        return (0,external_node_url_.fileURLToPath)(word.replace(/^(file:\/\/)localhost/i, '$1'));
    if (/^[a-z][a-z0-9+.-]+:/i.test(word))
        return null;
    return word.startsWith('~') ? (0,external_node_path_.join)((0,external_node_os_.homedir)(), word.slice(1)) : (0,external_node_path_.resolve)(word);
}
/**
 * Which sources take part, in the order in which they are asked where nothing was measured: for the Python index the one that the machine
 * is configured for, the official one and the catalogue's mirrors, or exactly the user's `mirrors`; then PaddlePaddle's index or copies of
 * it, private indexes and find-links. `--no-index` leaves find-links alone. Credentials are taken out of addresses and masked.
 * Throws Failure(2) with every address that is none, and where `official` is named and nobody knows its address.
 */
function roster({ request, interpreter, mirrors, paddleIndex, log }) {
    const { pipSettings, officialIndex } = interpreter;
    const problems = [];
    const sources = [];
    const add = (source, id) => {
        const same = sources.some((known) => known.kind === source.kind && sameIndex(known.url, source.url));
        if (same)
            return;
        const { credentials } = source;
        for (const secret of credentials === null ? [] : [credentials.password, credentials.username]) {
            for (const form of new Set([secret, encodeURIComponent(secret)]))
                if (form !== '')
                    log.mask(form);
        }
        const taken = (wanted) => sources.some((known) => known.id === wanted);
        let free = id;
        for (let n = 2; taken(free); n += 1)
            free = `${id}-${n}`;
        sources.push({ ...source, id: free });
    };
    const read = (text, origin) => {
        try {
            return { ...parseAddress(text), origin };
        }
        catch (error) {
            const why = error instanceof SyntaxError ? error.message : String(error);
            problems.push({
                where: origin,
                what: `\`${maskUrl(text)}\` cannot be an index: ${why}.`,
                remedy: 'Write an http or https address.',
            });
            return null;
        }
    };
    /** The catalogue entry that an address is: the very address, or another Python index on that mirror's host. */
    const inCatalogue = (url) => {
        const { hostname, pathname } = new URL(url);
        const known = mirrors.find((mirror) => mirror.url !== null && sameIndex(mirror.url, url));
        const onHost = ({ hosts }) => hosts.some((host) => hostname === host || hostname.endsWith(`.${host}`));
        return known ?? (/\/(?:pypi|simple)\b/i.test(pathname) ? mirrors.find(onHost) : undefined);
    };
    const isPublic = (url) => inCatalogue(url) !== undefined || (officialIndex !== null && sameIndex(officialIndex.url, url));
    const addPython = (named, unknownId) => {
        const base = {
            kind: 'python',
            url: withSlash(named.url),
            credentials: named.credentials,
            origin: named.origin,
        };
        const known = inCatalogue(named.url);
        if (officialIndex !== null && sameIndex(officialIndex.url, named.url)) {
            add({ ...base, connections: defaultConnections, group: officialGroup }, 'official');
        }
        else if (known !== undefined) {
            add({ ...base, connections: known.connections, group: known.group }, known.id);
        }
        else {
            add({ ...base, connections: defaultConnections, group: new URL(named.url).host }, unknownId);
        }
    };
    const addNamed = (name) => {
        const mirror = mirrors.find(({ id }) => id === name);
        if (name === 'official') {
            if (officialIndex !== null)
                addPython({ url: officialIndex.url, credentials: null, origin: officialIndex.origin }, 'official');
            else
                problems.push({
                    where: 'mirrors',
                    what: 'The address of the official index is not known on this machine: no pip tells it.',
                    remedy: 'Write its address instead of `official`, or install pip into the interpreter.',
                });
        }
        else if (mirror === undefined || mirror.url === null) {
            problems.push({
                where: 'mirrors',
                what: `There is no mirror \`${name}\`.`,
                remedy: `Choose from ${mirrors.map(({ id }) => id).join(', ')}, or write an address.`,
            });
        }
        else
            addPython({ url: mirror.url, credentials: null, origin: 'mirrors' }, mirror.id);
    };
    const options = request.requirements.indexes;
    const fromPip = (setting) => {
        const { value = '', origin = '' } = pipSettings[setting] ?? {};
        return words(value).map((word) => ({ word, origin: `${setting} of pip (${origin})` }));
    };
    const noIndex = request.requirements.noIndex || (request.mirrors === 'auto' && isTrue(pipSettings['no-index']?.value));
    if (!noIndex) {
        const extras = [
            ...options.filter(({ kind }) => kind === 'extra-index-url'),
            ...fromPip('extra-index-url')
                .map(({ word, origin }) => read(word, origin))
                .filter((named) => named !== null),
        ];
        if (request.mirrors === 'auto') {
            // As pip: the last line of a requirements file wins, and files win over the configuration.
            const asked = options.findLast(({ kind }) => kind === 'index-url') ??
                fromPip('index-url').map(({ word, origin }) => read(word, origin))[0] ??
                null;
            if (asked !== null)
                addPython(asked, 'configured');
            if (officialIndex !== null)
                addNamed('official');
            for (const extra of extras)
                if (isPublic(extra.url))
                    addPython(extra, new URL(extra.url).host);
            for (const mirror of mirrors)
                if (mirror.url !== null)
                    addPython({ url: mirror.url, credentials: null, origin: 'catalogue' }, mirror.id);
        }
        else {
            for (const { origin, url } of options.filter(({ kind }) => kind === 'index-url')) {
                const text = `${origin}: --index-url ${maskUrl(url)} is not asked, since \`mirrors\` is an exclusive list; name it there too.`;
                log.warn({ id: `exclusive-${origin}`, text });
            }
            for (const wish of request.mirrors) {
                if (wish.kind === 'name')
                    addNamed(wish.name);
                else
                    addPython({ ...wish, origin: 'mirrors' }, new URL(wish.url).host);
            }
        }
        const copies = request.paddleIndexes.map((index) => ({ ...index, origin: 'paddle-index' }));
        for (const { url, credentials, origin } of copies.length > 0
            ? copies
            : [{ url: paddleIndex.base, credentials: null, origin: 'catalogue' }]) {
            const { host } = new URL(url);
            add({ kind: 'paddle', url: withSlash(url), credentials, connections: paddleIndex.connections, group: host, origin }, copies.length > 0 ? host : 'paddle');
        }
        const paddleBases = sources.filter(({ kind }) => kind === 'paddle').map(({ url }) => url.toLowerCase());
        for (const extra of extras) {
            const { host } = new URL(extra.url);
            if (paddleBases.some((base) => withSlash(extra.url).toLowerCase().startsWith(base))) {
                // It answers 200 with an empty page for every project, and is asked for PaddlePaddle's own in any case.
                log.info(`${extra.origin}: PaddlePaddle's index is asked for the folder that the device needs; this line changes nothing.`);
            }
            else if (!isPublic(extra.url)) {
                add({
                    kind: 'private',
                    url: withSlash(extra.url),
                    credentials: extra.credentials,
                    connections: defaultConnections,
                    group: host,
                    origin: extra.origin,
                }, host);
            }
        }
    }
    const readPlace = (word, origin) => {
        const place = findLinksPlace(word);
        return place !== null && (0,external_node_path_.isAbsolute)(place) ? { url: place, credentials: null, origin } : read(word, origin);
    };
    const places = [
        ...options.filter(({ kind }) => kind === 'find-links'),
        ...fromPip('find-links').map(({ word, origin }) => readPlace(word, origin)),
    ];
    for (const place of places) {
        if (place === null)
            continue;
        const { url, credentials, origin } = place;
        const group = (0,external_node_path_.isAbsolute)(url) ? url : new URL(url).host;
        add({ kind: 'find-links', url, credentials, connections: defaultConnections, group, origin }, (0,external_node_path_.isAbsolute)(url) ? 'find-links' : group);
    }
    if (problems.length > 0)
        throw new Failure(2, problems);
    return sources;
}

;// CONCATENATED MODULE: ./.build/src/pipeline/desk.js





/** Opens the sources that take part in a request. `kept`: the ranking of an earlier run. Throws Failure(2) for addresses that are none. */
function openDesk({ request, context, deadline }, runner, kept) {
    const client = createClient({ network: runner.network, version: context.version, log: context.log });
    const taking = roster({ request, interpreter: runner.interpreter, mirrors: mirrors, paddleIndex: paddleIndex, log: context.log });
    const exclusive = request.mirrors !== 'auto';
    return {
        client,
        roster: taking,
        sources: openSources({ roster: taking, exclusive, client, log: context.log, signal: deadline.signal, kept }),
    };
}

;// CONCATENATED MODULE: ./.build/src/plan/pages.js
/** How a Listing names an origin: `python`, or the folder of PaddlePaddle's index. */
function originName(origin) {
    return origin.kind === 'python' ? origin.kind : origin.folder;
}
/** The project pages that deciding needs, each once, those of the first candidate first. */
function neededPages(draft) {
    const pages = draft.candidates.flatMap(({ origins }) => Object.entries(origins).flatMap(([project, sources]) => sources.map((origin) => ({ origin, project }))));
    return [...new Map(pages.map((page) => [`${originName(page.origin)} ${page.project}`, page])).values()];
}

;// CONCATENATED MODULE: ./.build/src/catalog/releases.json
const releases_namespaceObject = /*#__PURE__*/JSON.parse('{"D8":[{"version":"2.4.2","pythons":["3.6","3.7","3.8","3.9","3.10"],"devices":["cpu","cu102"],"source":"documented; measured on the Python index","date":"2026-11-22"},{"version":"2.5.0","pythons":["3.7","3.8","3.9","3.10"],"devices":["cpu","cu112"],"source":"measured on the Python index","date":"2026-11-22"},{"version":"2.5.1","pythons":["3.7","3.8","3.9","3.10","3.11"],"devices":["cpu","cu118"],"source":"measured on the Python index","date":"2026-11-22"},{"version":"2.5.2","pythons":["3.7","3.8","3.9","3.10","3.11"],"devices":["cpu","cu118"],"source":"documented; Paddle#57953; measured on the Python index","date":"2026-11-22"},{"version":"2.6.0","pythons":["3.8","3.9","3.10","3.11","3.12"],"devices":["cpu","cu118"],"source":"measured on the Python index","date":"2026-11-22"},{"version":"2.6.1","pythons":["3.8","3.9","3.10","3.11","3.12"],"devices":["cpu","cu118"],"source":"documented; measured on the Python index","date":"2026-11-22"},{"version":"2.6.2","pythons":["3.8","3.9","3.10","3.11","3.12"],"devices":["cpu","cu112","cu116","cu117","cu118","cu120"],"source":"documented; measured on the Python index","date":"2026-11-22"},{"version":"3.0.0b2","pythons":["3.8","3.9","3.10","3.11","3.12"],"devices":["cpu","cu118","cu123"],"source":"documented; measured on the Python index","date":"2026-11-22"},{"version":"3.0.0","pythons":["3.8","3.9","3.10","3.11","3.12","3.13"],"devices":["cpu","cu118","cu126","xpu"],"source":"documented; measured on the Python index","date":"2026-11-22"},{"version":"3.1.0","pythons":["3.9","3.10","3.11","3.12","3.13"],"devices":["cpu","cu118","cu126","cu129","xpu","npu","dcu","ixuca"],"source":"documented; Paddle#73687; measured on the Python index","date":"2026-11-22"},{"version":"3.1.1","pythons":["3.9","3.10","3.11","3.12","3.13"],"devices":["cpu","cu118","cu126","cu129","xpu","ixuca"],"source":"documented; measured on the Python index","date":"2026-11-22"},{"version":"3.2.0","pythons":["3.9","3.10","3.11","3.12","3.13"],"devices":["cpu","cu118","cu126","cu129","xpu","npu"],"source":"documented; Paddle#76037; measured on the Python index","date":"2026-11-22"},{"version":"3.2.1","pythons":["3.9","3.10","3.11","3.12","3.13"],"devices":["cpu","cu118","cu126","cu129","xpu","dcu"],"source":"documented; measured on the Python index","date":"2026-11-22"},{"version":"3.2.2","pythons":["3.9","3.10","3.11","3.12","3.13"],"devices":["cpu","cu118","cu126","cu129","xpu"],"source":"documented; measured on the Python index","date":"2026-11-22"},{"version":"3.3.0","pythons":["3.9","3.10","3.11","3.12","3.13"],"devices":["cpu","cu118","cu126","cu129","cu130","xpu","dcu","maca","ixuca"],"source":"documented; PaddleOCR#17791; measured on the Python index","date":"2026-11-22"},{"version":"3.3.1","pythons":["3.9","3.10","3.11","3.12","3.13"],"devices":["cpu","cu118","cu126","cu129","cu130","xpu"],"source":"documented; measured on the Python index","date":"2026-11-22"},{"version":"3.4.0","pythons":["3.10","3.11","3.12","3.13"],"devices":["cpu","cu118","cu126","cu129","cu130"],"source":"Paddle#77340, PaddleFleet#1887; not on the Python index when measured","date":"2026-11-22"}],"eN":[{"name":"setuptools","specifier":"","releases":"<3.3.0.dev0","pythons":">=3.8","reason":"imported by PaddlePaddle up to 3.2.2, which does not declare it","source":"measured; Paddle#73449, Paddle#71650, Paddle#74668","date":"2026-11-22"},{"name":"setuptools","specifier":"","releases":">=3.3.0.dev0","pythons":"<3.12","reason":"imported by PaddlePaddle 3.3, which declares it for Python 3.12 and newer only","source":"measured; Paddle#76589","date":"2026-11-22"},{"name":"numpy","specifier":"<2","releases":"<2.6","pythons":">=3.8","reason":"PaddlePaddle up to 2.5 breaks with numpy 2","source":"MinerU#446","date":"2026-11-22"},{"name":"numpy","specifier":"<2","releases":">=2.9,<3.0.0rc0","pythons":">=3.8","reason":"the 3.0 betas of PaddlePaddle break with numpy 2","source":"MinerU#446","date":"2026-11-22"},{"name":"protobuf","specifier":"<4","releases":"<2.6","pythons":">=3.8","reason":"PaddlePaddle up to 2.5 breaks with protobuf 4","source":"Paddle#43033, Paddle#70562","date":"2026-11-22"}],"RU":[{"id":"onednn-pir-double-array","check":"inference-interpolate-onednn","distribution":"paddlepaddle","versions":["3.3.0","3.3.1"],"text":"its CPU build cannot run saved models that interpolate with oneDNN (ConvertPirAttribute2RuntimeAttribute not support)","remedy":"Write \\"paddle-version: 3.2.2\\", or switch oneDNN off where a model is loaded (config.disable_mkldnn(), or enable_mkldnn=False in PaddleOCR and PaddleX).","source":"measured; Paddle#77340, Paddle#79749, PaddleOCR#17539","date":"2026-11-22"}]}');
;// CONCATENATED MODULE: ./.build/src/catalog/releases.js


/** Known releases in ascending order. */
const releases = releases_namespaceObject.D8;
const needs = releases_namespaceObject.eN;
const defects = releases_namespaceObject.RU;
/** The release of that version, whatever its spelling (`3.0`, `3.0.0`); undefined for an unknown one and for a text that is no version. */
function findRelease(version) {
    return isVersion(version) ? releases.find((release) => compareVersions(release.version, version) === 0) : undefined;
}
/** Pythons (`3.8` ... ) that any release still to be had was built for, ascending. PaddlePaddle before 2.6 is on no index page for older ones. */
function supportedPythons() {
    const all = releases.filter(({ version }) => compareVersions(version, '2.6') >= 0).flatMap(({ pythons }) => pythons);
    return [...new Set(all)].sort(compareVersions);
}
/** What a release needs undeclared on a Python (`3.11`). Nightlies need what the release they lead to needs. */
function needsOf(version, python) {
    return needs.filter((need) => satisfies(version, need.releases, { prereleases: true }) &&
        satisfies(python, need.pythons, { prereleases: true }));
}
/** Known defects of one version of a distribution. */
function defectsOf(distribution, version) {
    return defects.filter((defect) => defect.distribution === distribution && defect.versions.includes(version));
}

;// CONCATENATED MODULE: ./.build/src/plan/target.js
/** `sysconfig.get_platform()` names a processor as the system does; Node, and the catalogue with it, in its own way. */
const processors = {
    x86_64: 'x64',
    amd64: 'x64',
    aarch64: 'arm64',
    arm64: 'arm64',
    i686: 'ia32',
    i386: 'ia32',
    win32: 'ia32',
};
/**
 * What wheels must be built for, in the catalogue's words (`linux-x64`): the interpreter's processor and not the machine's,
 * since an Intel Python runs on Apple silicon and takes Intel wheels. A fat interpreter runs as the machine is.
 */
function platformOf({ os, arch, interpreter }) {
    const processor = interpreter.platform.split('-').at(-1) ?? '';
    return `${os}-${processor === 'universal2' ? arch : (processors[processor] ?? processor)}`;
}
/** The numbers of a Python version: `3.11.2` of `3.11.2+`, which is no version of PEP 440 and what builds from a branch call themselves. */
function releaseOf(python) {
    return /^\d+(?:\.\d+)*/.exec(python)?.[0] ?? python;
}
/** `3.11` of `3.11.7`. */
function minorOf(python) {
    return releaseOf(python).split('.').slice(0, 2).join('.');
}
/** `3.8 to 3.13`, or the single ones where there are gaps, of ascending `3.x` versions. */
function pythonRange(pythons) {
    const minors = pythons.map((python) => Number(python.split('.')[1]));
    const [first, last] = [pythons[0], pythons.at(-1)];
    const gapless = minors.every((minor, i) => minor === (minors[0] ?? 0) + i);
    return pythons.length > 2 && gapless ? `${first} to ${last}` : pythons.join(', ');
}

;// CONCATENATED MODULE: ./.build/src/plan/assemble.js



/**
 * The plan for a chosen release on a Python (`3.11.7`, `3.11.2+` of a branch, or `3.11` of a lock). Not listed among the origins: everything that
 * comes from the Python index, `nvidia-*` among it.
 */
function assemble(candidate, { version, plugin }, draft, python, notices) {
    const { distribution } = candidate;
    const companion = candidate.plugin === null || plugin === null
        ? []
        : [{ name: candidate.plugin, specifier: `==${plugin}`, reason: `the plug-in of ${candidate.device}` }];
    const defects = defectsOf(distribution, version);
    return {
        device: candidate.device,
        cuda: candidate.cuda,
        channel: draft.channel,
        distribution,
        version,
        pins: [
            { name: distribution, specifier: `==${version}`, reason: `PaddlePaddle for ${candidate.device}` },
            ...companion,
            ...needsOf(version, minorOf(python)).map(({ name, specifier, reason }) => ({ name, specifier, reason })),
        ],
        origins: Object.fromEntries(Object.entries(candidate.origins).map(([name, origins]) => [normalise(name), origins])),
        knownDefects: defects.map(({ id, check, text, remedy }) => ({
            id,
            check,
            // The device alone leaves a plug-in's pair no choice of release.
            asked: draft.wish !== '' || plugin !== null,
            text: `PaddlePaddle ${version}: ${text}. ${remedy}`,
        })),
        notices: [
            ...draft.notices,
            ...notices,
            ...defects.map(({ id, text, remedy }) => ({ id, text: `PaddlePaddle ${version}: ${text}. ${remedy}` })),
        ],
    };
}

// EXTERNAL MODULE: ./node_modules/fastest-levenshtein/mod.js
var mod = __nccwpck_require__(1916);
;// CONCATENATED MODULE: ./.build/src/catalog/devices.json
const devices_namespaceObject = /*#__PURE__*/JSON.parse('[{"id":"cpu","name":"CPU","kind":"cpu","cuda":null,"distribution":"paddlepaddle","plugin":null,"platforms":["linux-x64","linux-arm64","win32-x64","darwin-arm64","darwin-x64"],"folders":{"stable":"cpu","nightly":"cpu"},"builds":[{"from":null,"below":null,"origins":["python","paddle"],"post":null,"source":"documented; aarch64 and macOS wheels measured on the Python index","date":"2026-11-22"}],"driver":null,"companions":[],"source":"documented","date":"2026-11-22"},{"id":"cu102","name":"CUDA 10.2","kind":"cuda","cuda":"10.2","distribution":"paddlepaddle-gpu","plugin":null,"platforms":["linux-x64","win32-x64"],"folders":{"stable":null,"nightly":null},"builds":[{"from":"2.4.0","below":"2.5","origins":["python"],"post":null,"source":"measured: CUDA version stated inside the wheels of the Python index","date":"2026-11-22"}],"driver":{"linux":"440.33","windows":"441.22","cuda":null,"source":"NVIDIA CUDA compatibility guide (documented)","date":"2026-11-22"},"companions":[],"source":"documented","date":"2026-11-22"},{"id":"cu112","name":"CUDA 11.2","kind":"cuda","cuda":"11.2","distribution":"paddlepaddle-gpu","plugin":null,"platforms":["linux-x64","win32-x64"],"folders":{"stable":"cu112","nightly":null},"builds":[{"from":"2.6.2","below":"2.7","origins":["paddle"],"post":"112","source":"documented","date":"2026-11-22"},{"from":"2.5.0","below":"2.5.1","origins":["python"],"post":null,"source":"measured: CUDA version stated inside the wheels of the Python index","date":"2026-11-22"}],"driver":{"linux":"450.80.02","windows":"452.39","cuda":null,"source":"NVIDIA CUDA compatibility guide (documented)","date":"2026-11-22"},"companions":[],"source":"documented","date":"2026-11-22"},{"id":"cu116","name":"CUDA 11.6","kind":"cuda","cuda":"11.6","distribution":"paddlepaddle-gpu","plugin":null,"platforms":["linux-x64","win32-x64"],"folders":{"stable":"cu116","nightly":null},"builds":[{"from":"2.6.2","below":"2.7","origins":["paddle"],"post":"116","source":"documented","date":"2026-11-22"}],"driver":{"linux":"450.80.02","windows":"452.39","cuda":null,"source":"NVIDIA CUDA compatibility guide (documented)","date":"2026-11-22"},"companions":[],"source":"documented","date":"2026-11-22"},{"id":"cu117","name":"CUDA 11.7","kind":"cuda","cuda":"11.7","distribution":"paddlepaddle-gpu","plugin":null,"platforms":["linux-x64","win32-x64"],"folders":{"stable":"cu117","nightly":null},"builds":[{"from":"2.6.2","below":"2.7","origins":["paddle"],"post":"117","source":"documented","date":"2026-11-22"}],"driver":{"linux":"450.80.02","windows":"452.39","cuda":null,"source":"NVIDIA CUDA compatibility guide (documented)","date":"2026-11-22"},"companions":[],"source":"documented","date":"2026-11-22"},{"id":"cu118","name":"CUDA 11.8","kind":"cuda","cuda":"11.8","distribution":"paddlepaddle-gpu","plugin":null,"platforms":["linux-x64","win32-x64"],"folders":{"stable":"cu118","nightly":"cu118"},"builds":[{"from":"2.9","below":null,"origins":["paddle"],"post":null,"source":"documented","date":"2026-11-22"},{"from":"2.5.1","below":"2.7","origins":["python"],"post":null,"source":"measured: CUDA version stated inside the wheels of the Python index","date":"2026-11-22"}],"driver":{"linux":"450.80.02","windows":"452.39","cuda":null,"source":"documented","date":"2026-11-22"},"companions":[],"source":"documented","date":"2026-11-22"},{"id":"cu120","name":"CUDA 12.0","kind":"cuda","cuda":"12.0","distribution":"paddlepaddle-gpu","plugin":null,"platforms":["linux-x64","win32-x64"],"folders":{"stable":"cu120","nightly":null},"builds":[{"from":"2.6.2","below":"2.7","origins":["paddle"],"post":"120","source":"documented","date":"2026-11-22"}],"driver":{"linux":"525","windows":"525","cuda":null,"source":"NVIDIA CUDA compatibility guide (documented)","date":"2026-11-22"},"companions":[],"source":"documented","date":"2026-11-22"},{"id":"cu123","name":"CUDA 12.3","kind":"cuda","cuda":"12.3","distribution":"paddlepaddle-gpu","plugin":null,"platforms":["linux-x64","win32-x64"],"folders":{"stable":"cu123","nightly":"cu123"},"builds":[{"from":"2.9","below":"3.0.1","origins":["paddle"],"post":null,"source":"documented","date":"2026-11-22"}],"driver":{"linux":"525","windows":"525","cuda":null,"source":"NVIDIA CUDA compatibility guide (documented)","date":"2026-11-22"},"companions":[],"source":"documented","date":"2026-11-22"},{"id":"cu126","name":"CUDA 12.6","kind":"cuda","cuda":"12.6","distribution":"paddlepaddle-gpu","plugin":null,"platforms":["linux-x64","win32-x64"],"folders":{"stable":"cu126","nightly":"cu126"},"builds":[{"from":"3.0.0","below":null,"origins":["paddle"],"post":null,"source":"documented","date":"2026-11-22"}],"driver":{"linux":"550.54.14","windows":"550.54.14","cuda":null,"source":"documented","date":"2026-11-22"},"companions":[],"source":"documented","date":"2026-11-22"},{"id":"cu128","name":"CUDA 12.8","kind":"cuda","cuda":"12.8","distribution":"paddlepaddle-gpu","plugin":null,"platforms":["linux-x64"],"folders":{"stable":null,"nightly":"cu128"},"builds":[{"from":"3.0.0","below":null,"origins":["paddle"],"post":null,"source":"documented","date":"2026-11-22"}],"driver":{"linux":"525","windows":"525","cuda":null,"source":"NVIDIA CUDA compatibility guide (documented)","date":"2026-11-22"},"companions":[],"source":"documented","date":"2026-11-22"},{"id":"cu129","name":"CUDA 12.9","kind":"cuda","cuda":"12.9","distribution":"paddlepaddle-gpu","plugin":null,"platforms":["linux-x64","win32-x64"],"folders":{"stable":"cu129","nightly":"cu129"},"builds":[{"from":"3.1.0","below":null,"origins":["paddle"],"post":null,"source":"Paddle#73687, Paddle#76037","date":"2026-11-22"}],"driver":{"linux":"575","windows":"575","cuda":"12.9","source":"documented: a driver for CUDA 12.9; driver branch number unconfirmed","date":"2026-11-22"},"companions":[],"source":"documented","date":"2026-11-22"},{"id":"cu130","name":"CUDA 13.0","kind":"cuda","cuda":"13.0","distribution":"paddlepaddle-gpu","plugin":null,"platforms":["linux-x64","win32-x64"],"folders":{"stable":"cu130","nightly":"cu130"},"builds":[{"from":"3.3.0","below":null,"origins":["paddle"],"post":null,"source":"PaddleOCR#17791","date":"2026-11-22"}],"driver":{"linux":"580","windows":"580","cuda":"13.0","source":"NVIDIA CUDA compatibility guide (documented)","date":"2026-11-22"},"companions":[],"source":"documented","date":"2026-11-22"},{"id":"xpu","name":"Kunlun P800 XPU","kind":"vendor","cuda":null,"distribution":"paddlepaddle-xpu","plugin":null,"platforms":["linux-x64"],"folders":{"stable":"xpu-p800","nightly":"xpu-p800"},"builds":[{"from":"3.0.0","below":null,"origins":["paddle"],"post":null,"source":"documented","date":"2026-11-22"}],"driver":null,"companions":[],"source":"documented","date":"2026-11-22"},{"id":"npu","name":"Ascend 910B NPU","kind":"plugin","cuda":null,"distribution":"paddlepaddle","plugin":"paddle-custom-npu","platforms":["linux-x64","linux-arm64"],"folders":{"stable":"npu","nightly":"npu"},"builds":[{"from":"3.0.0","below":null,"origins":["paddle"],"post":null,"source":"documented","date":"2026-11-22"}],"driver":null,"companions":[{"plugin":"3.1.0","distribution":"3.1.0a0","source":"documented","date":"2026-11-22"},{"plugin":"3.2.0","distribution":"3.2.0","source":"one report","date":"2026-11-22"}],"source":"documented","date":"2026-11-22"},{"id":"dcu","name":"Hygon DCU","kind":"vendor","cuda":null,"distribution":"paddlepaddle-dcu","plugin":null,"platforms":["linux-x64"],"folders":{"stable":"dcu","nightly":"dcu"},"builds":[{"from":"3.1.0","below":null,"origins":["paddle"],"post":null,"source":"documented","date":"2026-11-22"}],"driver":null,"companions":[],"source":"documented","date":"2026-11-22"},{"id":"mlu","name":"Cambricon MLU370","kind":"plugin","cuda":null,"distribution":"paddlepaddle","plugin":"paddle-custom-mlu","platforms":["linux-x64"],"folders":{"stable":null,"nightly":"mlu"},"builds":[{"from":"3.0.0","below":null,"origins":["paddle"],"post":null,"source":"documented","date":"2026-11-22"}],"driver":null,"companions":[],"source":"documented","date":"2026-11-22"},{"id":"gcu","name":"Enflame S60 GCU","kind":"plugin","cuda":null,"distribution":"paddlepaddle","plugin":"paddle-custom-gcu","platforms":["linux-x64"],"folders":{"stable":null,"nightly":"gcu"},"builds":[{"from":"3.0.0","below":null,"origins":["paddle"],"post":null,"source":"documented","date":"2026-11-22"}],"driver":null,"companions":[],"source":"documented","date":"2026-11-22"},{"id":"maca","name":"MetaX C500","kind":"plugin","cuda":null,"distribution":"paddlepaddle","plugin":"paddle-metax-gpu","platforms":["linux-x64"],"folders":{"stable":"maca","nightly":"maca"},"builds":[{"from":"3.3.0","below":null,"origins":["paddle"],"post":null,"source":"one report","date":"2026-11-22"}],"driver":null,"companions":[{"plugin":"3.3.0","distribution":"3.3.0","source":"one report","date":"2026-11-22"}],"source":"documented","date":"2026-11-22"},{"id":"ixuca","name":"Iluvatar CoreX","kind":"plugin","cuda":null,"distribution":"paddlepaddle","plugin":"paddle-iluvatar-gpu","platforms":["linux-x64"],"folders":{"stable":"ixuca","nightly":"ixuca"},"builds":[{"from":"3.1.0","below":null,"origins":["paddle"],"post":null,"source":"documented","date":"2026-11-22"}],"driver":null,"companions":[{"plugin":"3.1.0","distribution":"3.1.0a0","source":"documented","date":"2026-11-22"},{"plugin":"3.1.1","distribution":"3.1.0a0","source":"documented","date":"2026-11-22"},{"plugin":"3.3.0","distribution":"3.3.0","source":"one report","date":"2026-11-22"}],"source":"documented","date":"2026-11-22"}]');
;// CONCATENATED MODULE: ./.build/src/catalog/devices.js


/** Every device of the catalogue, CPU first, CUDA builds from the oldest to the newest. */
const devices = devices_namespaceObject;
/** The device of that id, or undefined. */
function findDevice(id) {
    return devices.find((device) => device.id === id);
}
/** The CUDA builds, newest CUDA first. */
function cudaDevices() {
    return devices.filter(({ kind }) => kind === 'cuda').sort((a, b) => compareVersions(b.cuda ?? '0', a.cuda ?? '0'));
}
/** Normalised names (PEP 503) of everything that carries PaddlePaddle itself or plugs into it. */
const paddleProjects = new Set(devices.flatMap(({ distribution, plugin }) => (plugin === null ? [distribution] : [distribution, plugin])));
/** Bounds as a PEP 440 specifier: `>=2.5.1,<2.7`, or '' for none. */
function boundsSpecifier({ from, below, }) {
    return [from === null ? [] : [`>=${from}`], below === null ? [] : [`<${below}`]].flat().join(',');
}

;// CONCATENATED MODULE: ./.build/src/catalog/architectures.json
const architectures_namespaceObject = /*#__PURE__*/JSON.parse('[{"device":"cu102","os":null,"from":null,"below":null,"capabilities":["7.0","7.5"],"minimum":"3.5","maximum":"7.5","source":"documented: above 3.5; CUDA 10.2 ends at 7.5","date":"2026-11-22"},{"device":"cu112","os":null,"from":null,"below":null,"capabilities":["7.0","7.5","8.0","8.6"],"minimum":"3.5","maximum":"8.9","source":"Paddle#54713, Paddle#55715","date":"2026-11-22"},{"device":"cu116","os":null,"from":null,"below":null,"capabilities":["7.0","7.5","8.0","8.6"],"minimum":"3.5","maximum":"8.9","source":"Paddle#54713, Paddle#55715","date":"2026-11-22"},{"device":"cu117","os":null,"from":null,"below":null,"capabilities":["7.0","7.5","8.0","8.6"],"minimum":"3.5","maximum":"8.9","source":"Paddle#54713, Paddle#55715","date":"2026-11-22"},{"device":"cu118","os":null,"from":null,"below":"2.9","capabilities":["7.0","7.5","8.0","8.6"],"minimum":"3.5","maximum":"8.9","source":"Paddle#54713, Paddle#55715; 9.0 needs CUDA 12 (documented)","date":"2026-11-22"},{"device":"cu118","os":null,"from":"2.9","below":null,"capabilities":["6.1","7.0","7.5","8.0"],"minimum":"6.1","maximum":"8.9","source":"one report; PaddleX#4682","date":"2026-11-22"},{"device":"cu120","os":null,"from":null,"below":null,"capabilities":["7.0","7.5","8.0","8.6"],"minimum":"3.5","maximum":"9.0","source":"Paddle#54713, Paddle#55715","date":"2026-11-22"},{"device":"cu123","os":null,"from":null,"below":null,"capabilities":["6.1","7.0","7.5","8.0","9.0"],"minimum":"6.0","maximum":"9.0","source":"CUDA 12 default list of the source (one report)","date":"2026-11-22"},{"device":"cu126","os":null,"from":null,"below":null,"capabilities":["6.1","7.0","7.5","8.0","9.0"],"minimum":"6.0","maximum":"9.0","source":"CUDA 12 default list of the source (one report); Paddle#76037","date":"2026-11-22"},{"device":"cu128","os":null,"from":null,"below":null,"capabilities":["7.0","7.5","8.0","9.0"],"minimum":"6.0","maximum":"9.0","source":"CUDA 12 default list of the source (one report); Paddle#72672","date":"2026-11-22"},{"device":"cu129","os":"linux","from":null,"below":"3.2.0","capabilities":["7.0","7.5","8.0","8.6","8.9","9.0"],"minimum":"7.0","maximum":"9.0","source":"Paddle#73937; PaddleX#4682","date":"2026-11-22"},{"device":"cu129","os":"linux","from":"3.2.0","below":null,"capabilities":["7.0","7.5","8.0","8.6","8.9","9.0","12.0"],"minimum":"7.0","maximum":null,"source":"Paddle#76037, Paddle#75016; PaddleX#4682","date":"2026-11-22"},{"device":"cu129","os":"win32","from":null,"below":"3.2.0","capabilities":["7.5","8.0","8.6","8.9"],"minimum":"7.5","maximum":"8.9","source":"Paddle#73687, PaddleX#4473","date":"2026-11-22"},{"device":"cu129","os":"win32","from":"3.2.0","below":null,"capabilities":["7.5","8.0","8.6","8.9","12.0"],"minimum":"7.5","maximum":null,"source":"Paddle#76037, Paddle#75016","date":"2026-11-22"},{"device":"cu130","os":null,"from":null,"below":null,"capabilities":["8.0","9.0","10.0","12.0"],"minimum":"7.5","maximum":null,"source":"above 7.5 (one report)","date":"2026-11-22"}]');
;// CONCATENATED MODULE: ./.build/src/catalog/architectures.js


/** Every set, releases ascending within a device and system. */
const architectures = architectures_namespaceObject;
/** NVIDIA's rule of binary compatibility: code for X.y runs on X.z with z >= y, never on another major version. */
function runs(code, capability) {
    return code.split('.')[0] === capability.split('.')[0] && compareVersions(code, capability) <= 0;
}
/** Whether wheels of the set compute on a GPU of that compute capability (`8.9`). */
function support(set, capability) {
    const { minimum, maximum, capabilities } = set;
    const outside = (minimum !== null && compareVersions(capability, minimum) < 0) ||
        (maximum !== null && compareVersions(capability, maximum) > 0);
    if (outside) {
        return 'no';
    }
    return capabilities.some((code) => runs(code, capability)) ? 'yes' : 'unconfirmed';
}
/** The sets of a device on a system, oldest releases first. */
function architectureSets(device, os) {
    return architectures.filter((set) => set.device === device && (set.os === null || set.os === os));
}

;// CONCATENATED MODULE: ./.build/src/packaging/marker.js

const variables = new Set([
    'implementation_name',
    'implementation_version',
    'os_name',
    'platform_machine',
    'platform_python_implementation',
    'platform_release',
    'platform_system',
    'platform_version',
    'python_full_version',
    'python_version',
    'sys_platform',
    'extra',
    'extras',
    'dependency_groups',
]);
/** Spellings from before PEP 508 that installers still read. */
const oldSpellings = {
    'os.name': 'os_name',
    'sys.platform': 'sys_platform',
    'platform.version': 'platform_version',
    'platform.machine': 'platform_machine',
    'platform.python_implementation': 'platform_python_implementation',
    python_implementation: 'platform_python_implementation',
};
const token = /\s*(?:(?<text>"[^"]*"|'[^']*')|(?<operator>===|==|~=|!=|<=|>=|<|>|not\s+in\b|in\b)|(?<word>[a-z_][a-z0-9_.]*)|(?<bracket>[()]))\s*/iy;
function tokenise(text) {
    const tokens = [];
    const matcher = new RegExp(token);
    while (matcher.lastIndex < text.length) {
        const start = matcher.lastIndex;
        const groups = matcher.exec(text)?.groups;
        const kind = ['text', 'operator', 'word', 'bracket'].find((name) => groups?.[name] !== undefined);
        if (groups === undefined || kind === undefined) {
            throw new SyntaxError(`unexpected \`${text.slice(start).trim()}\``);
        }
        tokens.push({ kind, value: (groups[kind] ?? '').replace(/\s+/g, kind === 'operator' ? ' ' : '$&') });
    }
    return tokens;
}
/**
 * Reads a marker (PEP 508). Throws SyntaxError with a phrase that says what is wrong, e.g. ``expected a comparison behind `os_name` ``.
 */
function parseMarker(text) {
    const tokens = tokenise(text);
    let next = 0;
    function operand() {
        const found = tokens[next];
        next += 1;
        if (found?.kind === 'text') {
            return { kind: 'text', value: found.value.slice(1, -1) };
        }
        const name = found === undefined ? '' : (oldSpellings[found.value] ?? found.value);
        if (found?.kind !== 'word' || !variables.has(name)) {
            throw new SyntaxError(found === undefined ? 'it ends too early' : `\`${found.value}\` is neither a quoted text nor a marker variable`);
        }
        return { kind: 'variable', name };
    }
    function comparison() {
        if (tokens[next]?.value === '(' && tokens[next]?.kind === 'bracket') {
            next += 1;
            const inner = disjunction();
            if (tokens[next]?.value !== ')') {
                throw new SyntaxError('a closing bracket is missing');
            }
            next += 1;
            return inner;
        }
        const left = operand();
        const operator = tokens[next];
        if (operator?.kind !== 'operator') {
            throw new SyntaxError(`expected a comparison behind \`${left.kind === 'text' ? left.value : left.name}\``);
        }
        next += 1;
        const right = operand();
        if (left.kind === 'text' && right.kind === 'text') {
            throw new SyntaxError('a comparison needs a marker variable on one side');
        }
        return { kind: 'compare', operator: operator.value, left, right };
    }
    function chain(word, part) {
        let left = part();
        while (tokens[next]?.kind === 'word' && tokens[next]?.value === word) {
            next += 1;
            left = { kind: word, left, right: part() };
        }
        return left;
    }
    function disjunction() {
        return chain('or', () => chain('and', comparison));
    }
    const marker = disjunction();
    const rest = tokens[next];
    if (rest !== undefined) {
        throw new SyntaxError(`unexpected \`${rest.value}\``);
    }
    return marker;
}
function formatOperand(operand) {
    if (operand.kind === 'variable') {
        return operand.name;
    }
    return operand.value.includes('"') ? `'${operand.value}'` : `"${operand.value}"`;
}
/** One spelling for equal markers: double quotes, single blanks, only the brackets that are needed. */
function formatMarker(marker) {
    if (marker.kind === 'compare') {
        return `${formatOperand(marker.left)} ${marker.operator} ${formatOperand(marker.right)}`;
    }
    const part = (side, bracketed) => bracketed ? `(${formatMarker(side)})` : formatMarker(side);
    const left = part(marker.left, marker.kind === 'and' && marker.left.kind === 'or');
    const right = part(marker.right, marker.right.kind === marker.kind || (marker.kind === 'and' && marker.right.kind === 'or'));
    return `${left} ${marker.kind} ${right}`;
}
function compareTexts(left, operator, right) {
    switch (operator) {
        case '==':
        case '===':
            return left === right;
        case '!=':
            return left !== right;
        case '<':
            return left < right;
        case '<=':
            return left <= right;
        case '>':
            return left > right;
        case '>=':
            return left >= right;
        case 'in':
            return right.includes(left);
        case 'not in':
            return !right.includes(left);
        default:
            return false;
    }
}
/**
 * Whether a marker holds (PEP 508): versions are compared as versions where both sides are some, else as texts; a comparison by `~=`
 * of texts never holds. `extras` and `dependency_groups` are sets (PEP 751). Throws SyntaxError as parseMarker does.
 */
function evaluateMarker(marker, environment, asked = {}) {
    const tree = typeof marker === 'string' ? parseMarker(marker) : marker;
    if (tree.kind !== 'compare') {
        const left = evaluateMarker(tree.left, environment, asked);
        const right = () => evaluateMarker(tree.right, environment, asked);
        return tree.kind === 'and' ? left && right() : left || right();
    }
    const sets = {
        extras: asked.extras ?? [],
        dependency_groups: asked.dependencyGroups ?? [],
    };
    const values = { ...environment, extra: asked.extra ?? '' };
    const value = (operand) => (operand.kind === 'text' ? operand.value : (values[operand.name] ?? ''));
    const set = tree.right.kind === 'variable' ? sets[tree.right.name] : undefined;
    if (set !== undefined) {
        return set.includes(value(tree.left)) === (tree.operator === 'in');
    }
    const [left, right] = [value(tree.left), value(tree.right)];
    const versions = isVersion(left) && isVersion(right.replace(/\.\*$/, '')) && !tree.operator.endsWith('in');
    return versions
        ? satisfies(left, `${tree.operator}${right}`, { prereleases: true })
        : compareTexts(left, tree.operator, right);
}

;// CONCATENATED MODULE: ./.build/src/packaging/marker-environment.js
const systems = {
    linux: { os_name: 'posix', platform_system: 'Linux', sys_platform: 'linux' },
    macosx: { os_name: 'posix', platform_system: 'Darwin', sys_platform: 'darwin' },
    win: { os_name: 'nt', platform_system: 'Windows', sys_platform: 'win32' },
};
const windowsMachines = { 'win-amd64': 'AMD64', 'win-arm64': 'ARM64', win32: 'x86' };
/**
 * The marker variables of an interpreter (PEP 508). Kernel release and version are left empty: no package of this field asks for them,
 * and they would make two machines with equal software look different.
 */
function markerEnvironment(interpreter) {
    const { implementation, version, platform, macos } = interpreter;
    const [, family = '', machine = ''] = /^([a-z]+)(?:32)?(?:-[\d.]+)?-?(.*)$/.exec(platform) ?? [];
    const names = { cpython: 'CPython', pypy: 'PyPy', graalpy: 'GraalVM' };
    return {
        ...(systems[family] ?? { os_name: 'posix', platform_system: family, sys_platform: family }),
        implementation_name: implementation,
        implementation_version: version,
        platform_machine: macos?.machine ?? windowsMachines[platform] ?? machine,
        platform_python_implementation: names[implementation] ?? implementation,
        platform_release: '',
        platform_version: '',
        python_full_version: version,
        python_version: version.split('.').slice(0, 2).join('.'),
    };
}

;// CONCATENATED MODULE: ./.build/src/plan/wish.js




const plugins = new Set(devices.flatMap(({ plugin }) => plugin ?? []));
/** A version that was built for one CUDA: `2.6.2.post112`. Nightlies carry a date of eight digits there. */
const cudaPost = /^(?<release>.+)\.post(?<post>\d{2,3})$/;
/** Splits `2.6.2.post112` into the release and the CUDA number; other versions have none. */
function splitPost(version) {
    const groups = cudaPost.exec(version)?.groups;
    return groups === undefined
        ? { release: version, post: null }
        : { release: groups['release'] ?? version, post: groups['post'] ?? null };
}
/** Whether a version, with or without its CUDA number, answers a specifier. */
function answers(version, specifier, preReleases) {
    const options = preReleases ? { prereleases: true } : {};
    return [...new Set([version, splitPost(version).release])].some((form) => satisfies(form, specifier, options));
}
function applies({ marker }, interpreter) {
    return marker === null || evaluateMarker(marker, markerEnvironment(interpreter));
}
/** The wish, and what contradicts itself in it before any index is asked. */
function readWish({ paddle, requirements: set }, interpreter) {
    const own = (lines) => lines.filter((line) => paddleProjects.has(line.normalised ?? '') && applies(line, interpreter));
    const lines = own(set.requirements);
    const versioned = [...lines, ...own(set.constraints)].filter(({ specifier }) => specifier !== '');
    // A plug-in has versions of its own (3.1.0 stands beside PaddlePaddle 3.1.0a0), so its clauses count only where none name the other.
    const beside = versioned.filter(({ normalised }) => !plugins.has(normalised ?? ''));
    const parts = [
        ...(paddle.kind === 'specifier' ? [{ specifier: paddle.specifier, origin: paddle.origin }] : []),
        ...(beside.length > 0 ? beside : versioned),
    ];
    const clauses = [...new Set(parts.flatMap(({ specifier }) => specifier.split(',').map((clause) => clause.trim())))];
    const exact = clauses.flatMap((clause) => /^===?\s*([^*\s]+)$/.exec(clause)?.[1] ?? [])[0] ?? null;
    const first = parts.find(({ specifier }) => exact !== null && specifier.includes(exact));
    const problems = [
        ...parts
            .filter(({ specifier }) => exact !== null && !answers(exact, specifier, true))
            .map(({ specifier, origin }) => ({
            where: origin,
            what: `It asks for PaddlePaddle ${specifier}, while ${first?.origin ?? 'paddle-version'} asks for ${exact}.`,
            remedy: `Write the version in one place only, or "==${exact}" in both.`,
        })),
        ...lines
            .filter(({ kind }) => kind !== 'named')
            .map(({ origin, normalised }) => ({
            where: origin,
            what: `It brings ${normalised} from an address of its own, so its build and files can't be checked against device and version.`,
            remedy: 'Name a version ("paddle-version") and a device instead; a copy of PaddlePaddle\'s index goes into "paddle-index".',
        })),
    ];
    const distributions = new Map(lines
        .filter(({ normalised }) => devices.some(({ distribution }) => distribution === normalised))
        .map((line) => [line.normalised, line]));
    if (distributions.size > 1) {
        problems.push({
            where: [...distributions.values()].map(({ origin }) => origin).join(', '),
            what: `They name ${[...distributions.keys()].join(' and ')}, which overwrite each other's files in the folder "paddle".`,
            remedy: 'Keep the one for the device and take the others out.',
        });
    }
    const dated = exact !== null && /\.dev\d|\.post\d{8}|\+/.test(exact);
    return {
        wish: {
            specifier: clauses.join(','),
            exact,
            channel: paddle.kind === 'nightly' || dated ? 'nightly' : 'stable',
            preReleases: set.preReleases || paddle.kind === 'nightly',
            lines,
        },
        problems,
    };
}

;// CONCATENATED MODULE: ./.build/src/plan/gpu.js




/** Why the driver is too old for a CUDA build, or null where it is new enough or nobody knows. */
function driverObstacle(device, { os, accelerators }) {
    const { nvidiaDriver, driverCuda } = accelerators;
    if (device.driver === null || nvidiaDriver === null) {
        return null;
    }
    const { cuda, linux, windows, source } = device.driver;
    if (cuda !== null && driverCuda !== null && isVersion(driverCuda)) {
        return compareVersions(driverCuda, cuda) < 0
            ? `${device.id} (${device.name}) needs a driver for CUDA ${cuda} or newer (${source}); driver ${nvidiaDriver} takes CUDA up to ${driverCuda}.`
            : null;
    }
    const least = os === 'win32' ? windows : linux;
    return isVersion(nvidiaDriver) && compareVersions(nvidiaDriver, least) < 0
        ? `${device.id} (${device.name}) needs driver ${least} or newer (${source}); this machine has ${nvidiaDriver}.`
        : null;
}
function capabilitiesOf({ gpus }) {
    const known = gpus.flatMap(({ capability }) => (capability !== null && isVersion(capability) ? [capability] : []));
    return [...new Set(known)].sort(compareVersions);
}
/** The releases of a CUDA build that compute on *all* GPUs of the machine. */
function judgeArchitectures(device, wish, { os, accelerators }) {
    const capabilities = capabilitiesOf(accelerators);
    const sets = architectureSets(device.id, os);
    const wanted = sets.filter((set) => {
        if (wish.channel === 'nightly') {
            return set.below === null;
        }
        return wish.exact === null || satisfies(splitPost(wish.exact).release, boundsSpecifier(set), { prereleases: true });
    });
    const fitting = wanted.filter((set) => capabilities.every((capability) => support(set, capability) !== 'no'));
    const [oldest, newest] = [fitting[0], fitting.at(-1)];
    if (oldest === undefined || newest === undefined) {
        const lacking = capabilities.filter((capability) => wanted.every((set) => support(set, capability) === 'no'));
        const named = (lacking.length > 0 ? lacking : capabilities).map((capability) => `sm_${capability.replace('.', '')}`);
        const source = wanted.at(-1)?.source ?? '';
        return wanted.length === 0
            ? { kind: 'fits', specifier: '', unconfirmed: [] }
            : {
                kind: 'obstacle',
                text: `${device.id} (${device.name}) holds no code for ${named.join(', ')} (${gpuNames(accelerators)}), where it computes wrong numbers or nothing (${source}).`,
            };
    }
    return {
        kind: 'fits',
        specifier: fitting.length === sets.length || wish.channel === 'nightly'
            ? ''
            : boundsSpecifier({ from: oldest.from, below: newest.below }),
        unconfirmed: capabilities.filter((capability) => fitting.every((set) => support(set, capability) !== 'yes')),
    };
}
/** `NVIDIA H100, NVIDIA A10` for messages. */
function gpuNames({ gpus }) {
    return [...new Set(gpus.map(({ name }) => name))].join(', ');
}

;// CONCATENATED MODULE: ./.build/src/plan/builds.js




/** Newer than any release: what satisfies a specifier that is open to the future. */
const future = '9999';
/** Several PEP 440 specifiers as one that holds where all of them do. */
function joinSpecifiers(...specifiers) {
    return [...new Set(specifiers.flatMap((specifier) => specifier.split(',')).filter((clause) => clause !== ''))].join(',');
}
/** Whether a build may hold a release that is wished for; what the catalogue doesn't know it leaves to the index. */
function mayHold(build, device, wish, limits) {
    const bounds = joinSpecifiers(boundsSpecifier(build), limits);
    if (wish.exact !== null) {
        const { release, post } = splitPost(wish.exact);
        const known = findRelease(release);
        return ((post === null || post === build.post) &&
            satisfies(release, bounds, { prereleases: true }) &&
            (known?.devices.includes(device.id) ?? true));
    }
    const wished = joinSpecifiers(wish.specifier, bounds);
    const unknown = () => !releases.some(({ version }) => answers(version, wish.specifier, true));
    return (satisfies(future, wished) ||
        releases.some(({ version, devices }) => devices.includes(device.id) && answers(version, wished, wish.preReleases)) ||
        (build.below === null && unknown()));
}
/** The newest build of a device that may hold what is wished for within `limits` (PEP 440); undefined where none can. */
function findBuild(device, wish, limits) {
    return device.builds.find((build) => mayHold(build, device, wish, limits));
}
function origin(kind, channel, folder) {
    if (kind === 'python') {
        return [{ kind }];
    }
    return folder === null ? [] : [{ kind, channel, folder }];
}
/** Origins of the distribution and, for a plug-in, of both: the plug-in's distribution is the CPU build, wherever that is had. */
function originsOf(device, build, channel) {
    const kinds = channel === 'nightly' ? ['paddle'] : (build?.origins ?? []);
    const own = kinds.flatMap((kind) => origin(kind, channel, device.folders[channel]));
    if (device.plugin === null) {
        return { [device.distribution]: own };
    }
    const cpu = findDevice('cpu');
    const base = channel === 'nightly' ? ['paddle'] : (cpu?.builds[0]?.origins ?? []);
    return {
        [device.distribution]: base.flatMap((kind) => origin(kind, channel, cpu?.folders[channel] ?? null)),
        [device.plugin]: own,
    };
}
/** A device as a candidate: where its packages are and which versions will do. `limits` is the GPUs' part of the specifier. */
function makeCandidate(device, build, wish, limits) {
    return {
        device: device.id,
        cuda: device.cuda,
        distribution: device.distribution,
        plugin: device.plugin,
        origins: originsOf(device, build, wish.channel),
        specifier: joinSpecifiers(wish.specifier, build === undefined || wish.channel === 'nightly' ? '' : boundsSpecifier(build), limits),
        post: build?.post ?? null,
        avoid: defects
            .filter(({ distribution }) => distribution === device.distribution)
            .flatMap(({ versions }) => versions),
        companions: Object.fromEntries(device.companions.map(({ plugin, distribution }) => [plugin, distribution])),
    };
}

;// CONCATENATED MODULE: ./.build/src/plan/judge.js







function platformObstacles(device, runner) {
    const platform = platformOf(runner);
    const here = device.platforms.some((name) => name === platform);
    const somewhere = devices.some(({ platforms }) => platforms.some((name) => name === platform));
    const builds = device.kind === 'cuda' ? 'CUDA builds have' : `${device.id} (${device.name}) has`;
    return here || !somewhere
        ? []
        : [
            {
                kind: 'unfit',
                where: 'device',
                what: `${builds} wheels for ${device.platforms.join(', ')}, none for ${platform}.`,
                remedy: 'Write "device: cpu".',
            },
        ];
}
function channelObstacles(device, { channel }) {
    const [here, other] = channel === 'nightly' ? ['nightly', 'stable'] : ['stable', 'nightly'];
    const published = device.folders[here] !== null || (here === 'stable' && device.builds[0]?.origins.includes('python'));
    return published === true
        ? []
        : [
            {
                kind: 'absent',
                where: 'paddle-version',
                what: `${device.id} (${device.name}) has ${other} builds only (${device.source}).`,
                remedy: other === 'nightly' ? 'Write "paddle-version: nightly".' : 'Take "nightly" out of "paddle-version".',
            },
        ];
}
/** Known releases that were published for the device, newest first. */
function releasesFor(device) {
    return releases
        .filter((release) => release.devices.includes(device.id))
        .map(({ version }) => version)
        .sort((a, b) => compareVersions(b, a));
}
function releaseObstacle(device, wish) {
    const { release, post } = splitPost(wish.exact ?? '');
    const owner = devices.find(({ cuda }) => post !== null && cuda?.replace('.', '') === post);
    if (owner !== undefined && owner.id !== device.id) {
        return {
            kind: 'absent',
            where: 'paddle-version',
            what: `${wish.exact} is the ${owner.name} build of ${release}, while ${device.id} was asked for.`,
            remedy: `Write "device: ${owner.id}" and "paddle-version: ${release}".`,
        };
    }
    const published = releasesFor(device);
    const known = findRelease(release);
    const [nearest] = nearestVersions(release, published, 1);
    const others = known === undefined ? '' : `; ${known.version} was published for ${known.devices.join(', ')}`;
    return {
        kind: 'absent',
        where: 'paddle-version',
        what: wish.specifier === ''
            ? `${device.id} (${device.name}) has only pre-releases: ${published.join(', ')}.`
            : `No PaddlePaddle ${wish.specifier} was published for ${device.id} (${device.name}), only ${published.join(', ')}${others}.`,
        remedy: `Write "paddle-version: ${nearest ?? published[0]}", or another device.`,
    };
}
function distributionObstacles(device, { lines }) {
    const installed = device.plugin === null ? device.distribution : `${device.distribution} with ${device.plugin}`;
    return lines
        .filter(({ normalised }) => normalised !== device.distribution && normalised !== device.plugin)
        .map(({ origin, normalised }) => ({
        kind: 'unfit',
        where: origin,
        what: `It names ${normalised}, but ${device.kind === 'cuda' ? 'a CUDA build' : device.id} installs ${installed}.`,
        remedy: `Take the line out, or write the device of ${normalised}: ${devices
            .filter(({ distribution, plugin }) => distribution === normalised || plugin === normalised)
            .map(({ id }) => id)
            .join(', ')}.`,
    }));
}
/** Whether a device can be had for this wish and computes on this machine: all that stands against it, or the candidate. */
function judge_judge(device, wish, runner) {
    const nightly = wish.channel === 'nightly';
    const driver = driverObstacle(device, runner);
    const absent = channelObstacles(device, wish);
    const obstacles = [
        ...platformObstacles(device, runner),
        ...absent,
        ...distributionObstacles(device, wish),
        ...(driver === null ? [] : [{ kind: 'unfit', where: 'device', what: driver, remedy: null }]),
    ];
    const against = (...more) => ({
        kind: 'obstacles',
        obstacles: [...obstacles, ...more],
        current: device.builds[0]?.below === null,
    });
    if (!nightly && findBuild(device, wish, '') === undefined) {
        return absent.length > 0 ? against() : against(releaseObstacle(device, wish));
    }
    const verdict = judgeArchitectures(device, wish, runner);
    if (verdict.kind === 'obstacle') {
        return against({ kind: 'unfit', where: 'device', what: verdict.text, remedy: null });
    }
    const build = nightly ? undefined : findBuild(device, wish, verdict.specifier);
    if (!nightly && build === undefined) {
        const newest = releasesFor(device).find((version) => answers(version, verdict.specifier, false));
        return against({
            kind: 'unfit',
            where: 'paddle-version',
            what: `${gpuNames(runner.accelerators)} needs ${device.id} (${device.name}) of PaddlePaddle ${verdict.specifier}; ${wish.specifier} was asked for.`,
            remedy: newest === undefined ? null : `Write "paddle-version: ${newest}".`,
        });
    }
    return obstacles.length > 0
        ? against()
        : {
            kind: 'fits',
            candidate: makeCandidate(device, build, wish, verdict.specifier),
            current: build === undefined || build.below === null,
            unconfirmed: verdict.unconfirmed,
        };
}

;// CONCATENATED MODULE: ./.build/src/plan/choose-devices.js





function isFitting(judgement) {
    return judgement.kind === 'fits';
}
function obstaclesOf(judgement) {
    return judgement.kind === 'fits' ? [] : judgement.obstacles;
}
function refused(problems) {
    return { candidates: [], problems, notices: [] };
}
function accepted(fitting, notices, { accelerators }) {
    const first = fitting[0];
    const doubt = first === undefined || first.unconfirmed.length === 0
        ? []
        : [
            {
                id: 'architecture-unconfirmed',
                text: `Nobody has confirmed that ${first.candidate.device} computes right on ${gpuNames(accelerators)} ` +
                    `(compute capability ${first.unconfirmed.join(', ')}): keep "verify: full".`,
            },
        ];
    return { candidates: fitting.map(({ candidate }) => candidate), problems: [], notices: [...notices, ...doubt] };
}
/** Builds that new releases are published for count before those that ended with an old one. */
function currentOnes(judgements) {
    const current = judgements.filter((judgement) => judgement.current);
    return current.length > 0 ? current : judgements;
}
/** Among the current ones those that are confirmed for the GPUs first, else as given. */
function preferred(judgements) {
    const doubt = ({ unconfirmed }) => Math.sign(unconfirmed.length);
    return [...currentOnes(judgements.filter(isFitting))].sort((a, b) => doubt(a) - doubt(b));
}
function whatWorks(wish, runner) {
    const fitting = preferred(cudaDevices().map((device) => judge_judge(device, wish, runner)));
    const cuda = fitting[0]?.candidate.device;
    return `Write ${cuda === undefined ? '' : `"device: ${cuda}" or `}"device: cpu".`;
}
/** A CUDA build without a driver fails its verification: said before gigabytes are downloaded. */
function driverProblems({ install, verify, gpu, device }, { accelerators }) {
    if (accelerators.nvidiaDriver !== null || !install || verify === 'off' || gpu === 'optional') {
        return [];
    }
    const seen = accelerators.failures.length > 0 ? ` (${accelerators.failures.join('; ')})` : '';
    return [
        {
            where: 'device',
            what: `${device} was asked for, but no NVIDIA driver answers on this machine${seen}.`,
            remedy: 'Install the driver (in a container: "--gpus all"), write "gpu: optional" to install without the proof, or "device: cpu".',
        },
    ];
}
function chooseOne(device, request, wish, runner) {
    const judgement = judge_judge(device, wish, runner);
    const problems = obstaclesOf(judgement).map(({ where, what, remedy }) => ({
        where,
        what,
        remedy: remedy ?? whatWorks(wish, runner),
    }));
    const here = device.platforms.some((platform) => platform === platformOf(runner));
    const driver = device.kind === 'cuda' && here ? driverProblems(request, runner) : [];
    return problems.length > 0 || driver.length > 0
        ? refused([...problems, ...driver])
        : accepted([judgement].filter(isFitting), [], runner);
}
/** One problem for each input to change; builds that were never published for the wish are named only where none was. */
function summary(judgements) {
    const published = judgements.filter((judgement) => obstaclesOf(judgement).every(({ kind }) => kind === 'unfit'));
    const counted = currentOnes(published.length > 0 ? published : judgements).flatMap(obstaclesOf);
    return [...new Set(counted.map(({ where }) => where))].map((where) => {
        const here = counted.filter((obstacle) => obstacle.where === where);
        const texts = [...new Set(here.map(({ what }) => what))];
        return texts.length === 1
            ? { where, what: texts.join(''), remedy: here[0]?.remedy ?? 'Write "device: cpu".' }
            : {
                where,
                what: `No CUDA build does what was asked on this machine. ${texts.join(' ')}`,
                remedy: 'Change what stands against the build you want, or write "device: cpu".',
            };
    });
}
function chooseGpu(wish, runner) {
    const judgements = cudaDevices().map((device) => judge_judge(device, wish, runner));
    const fitting = preferred(judgements);
    if (fitting.length === 0) {
        return refused(summary(judgements));
    }
    if (runner.accelerators.nvidiaDriver === null) {
        return refused([
            {
                where: 'device',
                what: '"gpu" chooses the build by the NVIDIA driver, and none answers on this machine.',
                remedy: `Name the build, for example "device: ${fitting[0]?.candidate.device}", with "gpu: optional" where there is no GPU; or write "device: cpu".`,
            },
        ]);
    }
    return accepted(fitting, [], runner);
}
/** What the machine has; the CPU build is the last choice unless the requirements name another distribution. */
function chooseAuto(request, wish, runner) {
    const named = wish.lines.map(({ normalised }) => normalised);
    const plugin = devices.find((device) => device.plugin !== null && named.includes(device.plugin));
    const owner = plugin ?? devices.find(({ distribution }) => named.includes(distribution));
    if (owner !== undefined) {
        return owner.kind === 'cuda' ? chooseGpu(wish, runner) : chooseOne(owner, request, wish, runner);
    }
    const { nvidiaDriver, gpus, others, failures } = runner.accelerators;
    const present = [
        ...(nvidiaDriver !== null && gpus.length > 0 ? cudaDevices() : []),
        ...others.flatMap(({ device }) => findDevice(device) ?? []),
    ];
    const judgements = present.map((device) => judge_judge(device, wish, runner));
    const fitting = preferred(judgements);
    const cpu = devices.filter(({ kind }) => kind === 'cpu');
    const last = cpu.map((device) => judge_judge(device, wish, runner));
    // The last one asks the least of driver and GPU.
    const unused = currentOnes(judgements).flatMap(obstaclesOf).at(-1);
    const notices = [
        ...(present.length > 0 && fitting.length === 0 && unused !== undefined
            ? [{ id: 'accelerator-unused', text: `This machine's accelerator is left unused: ${unused.what}` }]
            : []),
        ...(failures.length > 0
            ? [{ id: 'accelerator-silent', text: `An accelerator may be there, but its tool fails: ${failures.join('; ')}` }]
            : []),
    ];
    const all = [...fitting, ...last.filter(isFitting)];
    return all.length > 0
        ? accepted(all, notices, runner)
        : refused(last
            .flatMap(obstaclesOf)
            .map(({ where, what, remedy }) => ({ where, what, remedy: remedy ?? whatWorks(wish, runner) })));
}
/** Turns the `device` input into candidates for this machine, or into everything that stands against it. */
function chooseDevices(request, wish, runner) {
    if (request.device === 'auto') {
        return chooseAuto(request, wish, runner);
    }
    if (request.device === 'gpu') {
        return chooseGpu(wish, runner);
    }
    const device = findDevice(request.device);
    if (device !== undefined) {
        return chooseOne(device, request, wish, runner);
    }
    const ids = ['auto', 'gpu', ...devices.map(({ id }) => id)];
    return refused([
        {
            where: 'device',
            what: `There is no "${request.device}"; devices are ${ids.join(', ')}.`,
            remedy: `Write "device: ${(0,mod/* closest */.kp)(request.device, ids)}".`,
        },
    ]);
}

;// CONCATENATED MODULE: ./.build/src/packaging/tags.js

/** PEP 600: the older names of three glibc levels. */
const manylinuxAliases = {
    5: 'manylinux1',
    12: 'manylinux2010',
    17: 'manylinux2014',
};
/** A 32-bit interpreter on a 64-bit kernel runs the smaller instruction set. */
const smallMachines = { x86_64: 'i686', aarch64: 'armv8l' };
/** Machines that manylinux wheels are built for, with the oldest glibc minor version (PEP 513, PEP 599). */
const oldestGlibc = {
    x86_64: 5,
    i686: 5,
    aarch64: 17,
    armv7l: 17,
    loongarch64: 17,
    ppc64: 17,
    ppc64le: 17,
    riscv64: 17,
    s390x: 17,
};
function range(from, to) {
    return Array.from({ length: Math.max(0, from - to + 1) }, (_, i) => from - i);
}
function tags_minorOf(version) {
    return Number(version.split('.')[1] ?? 0);
}
function linuxPlatforms(machine, { glibc, musl, bits }) {
    const own = bits === 32 ? (smallMachines[machine] ?? machine) : machine;
    const machines = own === 'armv8l' ? ['armv8l', 'armv7l'] : [own];
    const known = machines.filter((name) => oldestGlibc[name] !== undefined);
    const oldest = Math.min(...known.map((name) => oldestGlibc[name] ?? 0));
    const manylinux = glibc === null || known.length === 0
        ? []
        : range(tags_minorOf(glibc), oldest).flatMap((minor) => known.flatMap((name) => {
            const alias = manylinuxAliases[minor];
            return [`manylinux_2_${minor}_${name}`, ...(alias === undefined ? [] : [`${alias}_${name}`])];
        }));
    const musllinux = musl === null
        ? []
        : range(tags_minorOf(musl), 0).flatMap((minor) => machines.map((name) => `musllinux_1_${minor}_${name}`));
    return [...manylinux, ...musllinux, ...machines.map((name) => `linux_${name}`)];
}
/** Formats that hold code for a machine, its own first; the fat ones of the PowerPC years count on Intel only. */
function macFormats(machine) {
    return machine === 'x86_64'
        ? ['x86_64', 'intel', 'fat64', 'fat32', 'universal2', 'universal']
        : [machine, 'universal2'];
}
/** Until 10.15 the minor version names the release, from 11 on the major one; Apple silicon takes older binaries only where they are fat. */
function macPlatforms({ version, machine }) {
    const major = Number(version.split('.')[0]);
    const minor = tags_minorOf(version);
    const formats = macFormats(machine);
    const modern = range(major, 11).flatMap((release) => formats.map((format) => `macosx_${release}_0_${format}`));
    const lastTen = major >= 11 ? 16 : minor;
    const older = range(lastTen, 4).flatMap((release) => (machine === 'arm64' ? ['universal2'] : formats).map((format) => `macosx_10_${release}_${format}`));
    return [...modern, ...older];
}
function platforms(environment) {
    if (environment.macos !== null) {
        return macPlatforms(environment.macos);
    }
    const name = environment.platform.replace(/[-. ]/g, '_');
    return name.startsWith('linux_') ? linuxPlatforms(name.slice('linux_'.length), environment) : [name];
}
/**
 * Compatibility tags of an interpreter in the order in which installers prefer them (PEP 425, 600, 656), equal to those that pip takes.
 * For another implementation than CPython only the tags of pure Python wheels.
 */
function compatibleTags(environment) {
    const [major = 3, minor = 0] = environment.version.split('.').map(Number);
    const where = platforms(environment);
    const python = `cp${major}${minor}`;
    const native = [];
    if (environment.implementation === 'cpython') {
        const abi = `${python}${environment.freeThreaded ? 't' : ''}${minor < 8 ? 'm' : ''}`;
        const stable = environment.freeThreaded ? [] : [python];
        const olderStable = environment.freeThreaded ? [] : range(minor - 1, 2).map((older) => `cp${major}${older}`);
        native.push(...where.map((platform) => `${python}-${abi}-${platform}`), ...stable.flatMap((name) => where.map((platform) => `${name}-abi3-${platform}`)), ...where.map((platform) => `${python}-none-${platform}`), ...olderStable.flatMap((name) => where.map((platform) => `${name}-abi3-${platform}`)));
    }
    const pure = [`py${major}${minor}`, `py${major}`, ...range(minor - 1, 0).map((older) => `py${major}${older}`)];
    return [
        ...native,
        ...pure.flatMap((name) => where.map((platform) => `${name}-none-${platform}`)),
        ...(environment.implementation === 'cpython' ? [`${python}-none-any`] : []),
        ...pure.map((name) => `${name}-none-any`),
    ];
}
/**
 * The wheel of one version that an installer takes: the most preferred tag, then the highest build number (PEP 427).
 * Null where none fits. `files` may hold sdists and other names; they are passed over.
 */
function bestWheel(files, tags) {
    const rank = new Map(tags.map((tag, index) => [tag, index]));
    const fitting = files.flatMap((file) => {
        const name = parseFilename(file.filename);
        if (name?.kind !== 'wheel') {
            return [];
        }
        const best = Math.min(...name.tags.map((tag) => rank.get(tag) ?? Number.POSITIVE_INFINITY));
        return best === Number.POSITIVE_INFINITY ? [] : [{ file, best, build: name.build ?? { number: -1, suffix: '' } }];
    });
    fitting.sort((a, b) => a.best - b.best || b.build.number - a.build.number || (a.build.suffix < b.build.suffix ? 1 : -1));
    return fitting[0]?.file ?? null;
}

;// CONCATENATED MODULE: ./.build/src/plan/offers.js






function takes({ requiresPython }, { version }) {
    return requiresPython === null || satisfies(releaseOf(version), requiresPython);
}
function pagesOf({ pages }, project, origins) {
    return origins.flatMap((origin) => pages
        .filter((entry) => entry.origin === originName(origin) && normalise(entry.page.project) === project)
        .map(({ page }) => page));
}
/** Everything that the pages of a project's origins offer to an interpreter. "There is no such project" is an answer, not a fault. */
function readOffers(listing, project, origins, interpreter) {
    const pages = pagesOf(listing, project, origins);
    const files = [...new Map(pages.flatMap((page) => page.files).map((file) => [file.filename, file])).values()];
    const wheels = files.flatMap((file) => {
        const name = parseFilename(file.filename);
        return name?.kind === 'wheel' && name.name === project ? [{ ...file, name }] : [];
    });
    const versions = [...new Set(wheels.map(({ name }) => name.version))].sort((a, b) => compareVersions(b, a));
    return {
        project,
        offers: versions.map((version) => {
            const own = wheels.filter(({ name }) => name.version === version);
            const kept = own.filter(({ yanked }) => yanked === null);
            const usable = (kept.length > 0 ? kept : own).filter((file) => takes(file, interpreter));
            return {
                version,
                fits: bestWheel(usable, interpreter.tags) !== null,
                yanked: kept.length === 0,
                wheels: own.map(({ name }) => name),
            };
        }),
        answered: pages.length === 0 || pages.some((page) => page.files.length > 0 || page.answered.length > 0),
        faults: pages.flatMap((page) => page.faults).filter(({ kind }) => kind !== 'missing' && kind !== 'empty'),
    };
}

;// CONCATENATED MODULE: ./.build/src/plan/choose-release.js


/** Whether a version belongs to the build: another CUDA's `.post112` does not, whatever the specifier says. */
function belongs(version, { cuda, post }) {
    return cuda === null || splitPost(version).post === post;
}
/** Newest first. Nightlies of the development branch come before those of a release branch, whose `.post` versions sort above them. */
function inOrder(offers, channel) {
    const isDevelopment = ({ version }) => version.includes('.dev');
    return channel === 'stable'
        ? offers
        : [...offers.filter(isDevelopment), ...offers.filter((offer) => !isDevelopment(offer))];
}
function pairs(candidate, offers, plugin, channel) {
    const usable = ({ offers: all }) => inOrder(all, channel).filter(({ fits, yanked, version }) => fits && (!yanked || candidate.specifier.split(',').includes(`==${version}`)));
    if (plugin === null) {
        return usable(offers).map(({ version }) => ({ version, plugin: null }));
    }
    const base = new Set(usable(offers).map(({ version }) => version));
    return usable(plugin)
        .map(({ version }) => ({ version: candidate.companions[version] ?? version, plugin: version }))
        .filter(({ version }) => base.has(version));
}
/** The newest release of a candidate that answers the draft and has files for the interpreter; one with a known defect only where no other does. */
function chooseRelease(candidate, draft, listing, interpreter, preReleases) {
    const read = (project) => readOffers(listing, project, candidate.origins[project] ?? [], interpreter);
    const offers = read(candidate.distribution);
    const plugin = candidate.plugin === null ? null : read(candidate.plugin);
    const every = preReleases || draft.channel === 'nightly';
    const wished = ({ version, plugin: own }) => answers(own ?? version, candidate.specifier, every) ||
        (own !== null && candidate.companions[own] === version && answers(version, candidate.specifier, every));
    const fitting = pairs(candidate, offers, plugin, draft.channel).filter((pair) => belongs(pair.version, candidate) && wished(pair));
    const good = fitting.find(({ version }) => !candidate.avoid.includes(version));
    const newest = fitting[0];
    return {
        candidate,
        chosen: good ?? newest ?? null,
        passedOver: good !== undefined && newest !== undefined && newest !== good ? newest.version : null,
        offers,
        plugin,
    };
}

;// CONCATENATED MODULE: ./.build/src/plan/machine.js



function pythonProblems({ version, implementation, bits, freeThreaded, executable }) {
    const supported = supportedPythons();
    const newest = supported.at(-1) ?? '';
    const range = pythonRange(supported);
    const another = `Name another interpreter, for example "python: python${newest}".`;
    const rules = [
        [
            implementation !== 'cpython',
            `${executable} is ${implementation} ${version}; PaddlePaddle has wheels for CPython only.`,
            another,
        ],
        [
            implementation === 'cpython' && !supported.includes(minorOf(version)),
            `${executable} is Python ${version}; PaddlePaddle has wheels for Python ${range}.`,
            another,
        ],
        [
            bits === 32,
            `${executable} is a 32-bit Python; PaddlePaddle has 64-bit wheels only.`,
            'Install a 64-bit Python and name it: "python: /path/to/python".',
        ],
        [
            freeThreaded,
            `${executable} is a free-threaded Python; PaddlePaddle has no wheels for those.`,
            `Name an ordinary build, for example "python: python${minorOf(version)}".`,
        ],
    ];
    return rules.flatMap(([broken, what, remedy]) => (broken ? [{ where: 'python', what, remedy }] : []));
}
function systemProblems(runner) {
    const { interpreter, cpuFlags } = runner;
    const platform = platformOf(runner);
    const known = new Set(devices.flatMap(({ platforms }) => platforms));
    const rules = [
        [
            !known.has(platform) && interpreter.bits === 64,
            `PaddlePaddle has no wheels for ${platform}; it has some for ${[...known].join(', ')}.`,
            platform === 'win32-arm64'
                ? 'Install the x64 build of Python, which Windows runs on this machine too, and name it with "python".'
                : 'Run the job on one of those.',
        ],
        [
            interpreter.musl !== null,
            `This system's C library is musl ${interpreter.musl ?? ''} (Alpine); PaddlePaddle's wheels need glibc.`,
            'Use a system or image with glibc, such as Debian, Ubuntu or Rocky Linux.',
        ],
        [
            platform.endsWith('-x64') && cpuFlags !== null && !cpuFlags.includes('avx'),
            'This processor (or virtual machine) has no AVX; PaddlePaddle since 2.5 dies on it with "Illegal instruction".',
            'Give the virtual machine the host\'s processor type (QEMU: "-cpu host"), or use another machine.',
        ],
    ];
    return rules.flatMap(([broken, what, remedy]) => (broken ? [{ where: 'machine', what, remedy }] : []));
}
function environmentProblems({ venv, install }, interpreter) {
    if (venv !== null || !install) {
        return [];
    }
    if (interpreter.externallyManaged !== null) {
        return [
            {
                where: 'python',
                what: `${interpreter.executable} belongs to the system's package manager, which forbids installing into it (PEP 668).`,
                remedy: 'Install into an environment of its own: "venv: .paddle".',
            },
        ];
    }
    return interpreter.writable
        ? []
        : [
            {
                where: 'python',
                what: `This user may not write to ${interpreter.purelib}, where ${interpreter.executable} keeps its packages.`,
                remedy: 'Install into an environment of its own: "venv: .paddle".',
            },
        ];
}
/** What is wrong with the machine and its Python whatever the device; [] when PaddlePaddle can run here. */
function machineProblems(request, runner) {
    return [
        ...pythonProblems(runner.interpreter),
        ...systemProblems(runner),
        ...environmentProblems(request, runner.interpreter),
    ];
}

;// CONCATENATED MODULE: ./.build/src/plan/refusal.js





function platformsOf(interpreter) {
    return new Set(interpreter.tags.map((tag) => tag.split('-')[2] ?? ''));
}
/** `3.11` of `cp311`; null for tags that name no single CPython. */
function pythonOfTag(tag) {
    const [, major, minor] = /^cp(\d)(\d+)-/.exec(tag) ?? [];
    return major === undefined || minor === undefined ? null : `${major}.${minor}`;
}
function pythonsOf(wheels, platforms) {
    const tags = wheels.flatMap((wheel) => wheel.tags).filter((tag) => platforms.has(tag.split('-')[2] ?? ''));
    return [...new Set(tags.flatMap((tag) => pythonOfTag(tag) ?? []))].sort(compareVersions);
}
/** Newest version without a known defect that fits here, whatever was wished for. */
function newestHere({ candidate, offers }) {
    const fitting = offers.offers
        .filter(({ fits, version }) => fits && belongs(version, candidate) && !isPreRelease(version))
        .map(({ version }) => version);
    return fitting.find((version) => !candidate.avoid.includes(version)) ?? fitting[0];
}
function lacksFile(choice, matching, interpreter) {
    const { candidate, offers } = choice;
    const python = minorOf(interpreter.version);
    const version = matching[0]?.version ?? '';
    const wheels = matching.flatMap((offer) => offer.wheels);
    const pythons = pythonsOf(wheels, platformsOf(interpreter)).filter((one) => one !== python);
    const platforms = new Set(wheels.flatMap((wheel) => wheel.tags).map((tag) => tag.split('-')[2]));
    const instead = newestHere(choice);
    const ways = [
        ...(instead === undefined ? [] : [`write "paddle-version: ${instead}", the newest for Python ${python} here`]),
        ...(pythons.length > 0 ? [`use Python ${pythons.at(-1)}`] : []),
        ...(instead === undefined && pythons.length === 0
            ? [`run on a machine that ${candidate.device} has files for`]
            : []),
    ].join(', or ');
    return {
        where: 'paddle-version',
        what: pythons.length > 0
            ? `${offers.project} ${version} has no file for Python ${python} on this machine; it has some for Python ${pythonRange(pythons)}.`
            : `${offers.project} ${version} has no file for this machine (${interpreter.platform}), only for ${[...platforms].join(', ')}.`,
        remedy: `${ways.charAt(0).toUpperCase()}${ways.slice(1)}.`,
    };
}
/** The nearest of `versions` (newest first); for a wish beyond all of them the newest. */
function suggestion(wish, versions) {
    const first = /\d[^,\s]*/.exec(wish)?.[0].replace(/\.\*$/, '') ?? '';
    const beyond = isVersion(first) && versions.every((version) => compareVersions(version, first) < 0);
    return beyond ? versions[0] : nearestVersions(wish, versions, 1)[0];
}
function unknownVersion({ candidate, offers }, draft, interpreter) {
    const fitting = offers.offers
        .filter(({ fits, version }) => fits && belongs(version, candidate))
        .map(({ version }) => version);
    const final = fitting.filter((version) => !isPreRelease(version));
    const shown = final.length > 0 ? final : fitting;
    const good = shown.filter((version) => !candidate.avoid.includes(version));
    const nearest = suggestion(draft.wish, good.length > 0 ? good : shown);
    const published = releases.some(({ version }) => draft.wish.split(',').includes(`==${version}`));
    const silent = [...new Set(offers.faults.map(({ source }) => source))];
    return {
        where: 'paddle-version',
        what: [
            `No source lists ${`${offers.project} ${draft.wish.replace(/^==/, '')}`.trim()} for ${candidate.device}`,
            ...(published ? [', although it was published'] : []),
            ...(silent.length > 0 ? [` (${silent.join(', ')} did not answer)`] : []),
            `. For Python ${minorOf(interpreter.version)} on this machine there are ${shown.join(', ')}.`,
        ].join(''),
        remedy: nearest === undefined || draft.wish === ''
            ? 'Name one of them with "paddle-version".'
            : `Write "paddle-version: ${nearest}".`,
    };
}
function nothingListed(project, { device }) {
    return {
        where: 'device',
        what: `No source that takes part lists any ${project} for ${device}.`,
        remedy: project === 'paddlepaddle'
            ? 'Let "mirrors" name a source that has it, for example "mirrors: official".'
            : 'Let "paddle-index" name PaddlePaddle\'s index or a full copy of it.',
    };
}
function noPair({ candidate, offers }, plugin) {
    const list = ({ project, offers: all }) => `${project} ${all
        .map(({ version }) => version)
        .slice(0, 8)
        .join(', ')}`;
    const known = Object.entries(candidate.companions).map(([own, base]) => `${plugin.project} ${own} with ${offers.project} ${base}`);
    return {
        where: 'device',
        what: `${plugin.project} works with one exact version of ${offers.project}, and no pair that was asked for has files for this ` +
            `Python and machine. Listed are ${list(plugin)}; ${list(offers)}.`,
        remedy: `Take a Python and versions that both have files for${known.length > 0 ? `; known pairs: ${known.join('; ')}` : ''}.`,
    };
}
/** Why a candidate has nothing to install: what was asked, why not, what would work here, the line to write. */
function refusal_refuse(choice, draft, interpreter) {
    const { candidate, offers, plugin } = choice;
    const missing = [offers, ...(plugin === null ? [] : [plugin])].find((all) => all.offers.length === 0);
    if (missing !== undefined) {
        return nothingListed(missing.project, candidate);
    }
    if (plugin !== null) {
        return noPair(choice, plugin);
    }
    const own = offers.offers.filter(({ version }) => belongs(version, candidate));
    const matching = own.filter(({ version }) => answers(version, candidate.specifier, draft.channel === 'nightly'));
    if (own.length === 0) {
        return nothingListed(offers.project, candidate);
    }
    return matching.length === 0 && own.some(({ fits }) => fits)
        ? unknownVersion(choice, draft, interpreter)
        : lacksFile(choice, matching.length > 0 ? matching : own, interpreter);
}

;// CONCATENATED MODULE: ./.build/src/plan.js









/**
 * The builds that would do, decided without any index. Throws Failure(2) with everything that can be known to be wrong before
 * the first byte: interpreter, machine, driver, GPU architecture, combinations that were never published, contradictions.
 */
function plan_draft(request, runner) {
    const { wish, problems } = readWish(request, runner.interpreter);
    const choice = chooseDevices(request, wish, runner);
    const wrong = [...machineProblems(request, runner), ...problems, ...choice.problems];
    if (wrong.length > 0) {
        throw new Failure(2, wrong);
    }
    return { candidates: choice.candidates, channel: wish.channel, wish: wish.specifier, notices: choice.notices };
}
function silence({ offers, plugin, candidate }) {
    return [offers, ...(plugin === null ? [] : [plugin])]
        .filter(({ answered, faults }) => !answered && faults.length > 0)
        .map(({ project, faults }) => ({
        where: project,
        what: `No source answered with the files of ${project} for ${candidate.device}: ${faults
            .map(({ source, detail }) => `${source}: ${detail.replace(/\.$/, '')}`)
            .join('; ')}.`,
        remedy: faults.find(({ remedy }) => remedy !== null)?.remedy ?? 'Check the network, or name another source.',
    }));
}
function passingNotices(tried, choice, wish) {
    const { passedOver, chosen, candidate } = choice;
    const [first] = tried;
    const skipped = passedOver === null
        ? []
        : [
            {
                id: 'release-passed-over',
                text: `PaddlePaddle ${passedOver} is newer than ${chosen?.version}, but ${defectsOf(candidate.distribution, passedOver)
                    .map(({ text }) => text)
                    .join('; ')}; "paddle-version: ${passedOver}" takes it all the same.`,
            },
        ];
    const second = first === undefined || first === choice
        ? []
        : [
            {
                id: 'device-second-choice',
                text: `${first.candidate.device} has no file for this Python and machine, so ${candidate.device} is taken; "device: ${candidate.device}" says so from the start.`,
            },
        ];
    return [...skipped, ...second, ...loneSeries(choice, wish)];
}
/** PEP 440 reads `==3.3` as `==3.3.0`, which is seldom what its writer means. */
function loneSeries({ offers, chosen, candidate }, wish) {
    const series = /(?:^|,)==(\d+\.\d+)(?=,|$)/.exec(wish)?.[1];
    const later = offers.offers.find(({ version, fits, yanked }) => fits && !yanked && version.startsWith(`${series}.`) && !isPreRelease(version) && belongs(version, candidate))?.version;
    return series === undefined || chosen === null || later === undefined || compareVersions(later, chosen.version) <= 0
        ? []
        : [
            {
                id: 'series-read-as-release',
                text: `"${series}" means PaddlePaddle ${chosen.version} alone; "paddle-version: ${series}.*" takes ${later}, the newest of its series.`,
            },
        ];
}
/**
 * The exact build: of the first candidate that has a file for this interpreter on the listing, the newest release without a known
 * defect. Throws Failure(2) where nothing does, with what would; Failure(1) where the sources of a better candidate didn't answer,
 * since a weaker build must not be taken for a network's sake.
 */
function decide(draft, request, runner, listing) {
    const { interpreter } = runner;
    const tried = [];
    for (const candidate of draft.candidates) {
        const choice = chooseRelease(candidate, draft, listing, interpreter, request.requirements.preReleases);
        tried.push(choice);
        if (choice.chosen !== null) {
            return assemble(candidate, choice.chosen, draft, interpreter.version, passingNotices(tried, choice, draft.wish));
        }
        const unanswered = silence(choice);
        if (unanswered.length > 0) {
            throw new Failure(1, unanswered);
        }
    }
    throw new Failure(2, tried.map((choice) => refusal_refuse(choice, draft, interpreter)));
}

;// CONCATENATED MODULE: ./.build/src/pipeline/listing.js




/** Asks for the page or two of PaddlePaddle that planning needs, and decides. Throws Failure(2) where nothing fits, Failure(1) where no source answers. */
async function choosePlan(run, { draft, runner }, sources) {
    const plan = await run.context.timeline.step('Ask what there is', async () => {
        const choose = async () => {
            const pages = await Promise.all(neededPages(draft).map(async ({ origin, project }) => ({
                origin: originName(origin),
                page: await sources.page(project, [origin]),
            })));
            return decide(draft, run.request, runner, { pages });
        };
        try {
            return await choose();
        }
        catch (error) {
            // A mirror may be behind the others: before its page refuses a request they are asked too.
            if (error instanceof Failure && (await sources.confirmAll()))
                return choose();
            throw error;
        }
    });
    tellPlan(run, plan);
    return plan;
}
/** Writes a plan into the story. */
function tellPlan(run, plan) {
    const { device, cuda, distribution, version, pins } = plan;
    run.story.plan = { device, cuda, distribution, version, pins };
    tell(run, plan.notices);
    run.context.log.info(`${distribution} ${version} for ${device}`);
}

;// CONCATENATED MODULE: ./node_modules/smol-toml/dist/error.js
/*!
 * Copyright (c) Squirrel Chat et al., All rights reserved.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Redistribution and use in source and binary forms, with or without
 * modification, are permitted provided that the following conditions are met:
 *
 * 1. Redistributions of source code must retain the above copyright notice, this
 *    list of conditions and the following disclaimer.
 * 2. Redistributions in binary form must reproduce the above copyright notice,
 *    this list of conditions and the following disclaimer in the
 *    documentation and/or other materials provided with the distribution.
 * 3. Neither the name of the copyright holder nor the names of its contributors
 *    may be used to endorse or promote products derived from this software without
 *    specific prior written permission.
 *
 * THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND
 * ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED
 * WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
 * DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE
 * FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
 * DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
 * SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER
 * CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY,
 * OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE
 * OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
 */
function getLineColFromPtr(string, ptr) {
    let lines = string.slice(0, ptr).split(/\r?\n/);
    return [lines.length, lines.pop().length + 1];
}
function makeCodeBlock(string, line, column) {
    let lines = string.split(/\r?\n/);
    let codeblock = '';
    let numberLen = (Math.log10(line + 1) | 0) + 1;
    for (let i = line - 1; i <= line + 1; i++) {
        let l = lines[i - 1];
        if (!l)
            continue;
        codeblock += i.toString().padEnd(numberLen, ' ');
        codeblock += ':  ';
        codeblock += l;
        codeblock += '\n';
        if (i === line) {
            codeblock += ' '.repeat(numberLen + column + 2);
            codeblock += '^\n';
        }
    }
    return codeblock;
}
class TomlError extends Error {
    line;
    column;
    codeblock;
    constructor(message, options) {
        const [line, column] = getLineColFromPtr(options.toml, options.ptr);
        const codeblock = makeCodeBlock(options.toml, line, column);
        super(`Invalid TOML document: ${message}\n\n${codeblock}`, options);
        this.line = line;
        this.column = column;
        this.codeblock = codeblock;
    }
    /** @internal */
    static x(message, ctx, ptr) {
        throw new TomlError(message, { toml: ctx.s, ptr: ptr ?? ctx.p });
    }
}

;// CONCATENATED MODULE: ./node_modules/smol-toml/dist/primitive.js
/*!
 * Copyright (c) Squirrel Chat et al., All rights reserved.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Redistribution and use in source and binary forms, with or without
 * modification, are permitted provided that the following conditions are met:
 *
 * 1. Redistributions of source code must retain the above copyright notice, this
 *    list of conditions and the following disclaimer.
 * 2. Redistributions in binary form must reproduce the above copyright notice,
 *    this list of conditions and the following disclaimer in the
 *    documentation and/or other materials provided with the distribution.
 * 3. Neither the name of the copyright holder nor the names of its contributors
 *    may be used to endorse or promote products derived from this software without
 *    specific prior written permission.
 *
 * THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND
 * ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED
 * WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
 * DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE
 * FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
 * DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
 * SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER
 * CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY,
 * OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE
 * OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
 */

/** @internal */
function parseString(ctx) {
    let startPtr = ctx.p;
    let c = ctx.s.charCodeAt(ctx.p++);
    let first = c;
    let isLiteral = c === 0x27; /* ' */
    let isMultiline = c === ctx.s.charCodeAt(ctx.p) && c === ctx.s.charCodeAt(ctx.p + 1);
    if (isMultiline) {
        // Trim initial newline
        if ((c = ctx.s.charCodeAt(ctx.p += 2)) === 0xa /* \n */)
            ctx.p++;
        else if (c === 0xd /* \r */ && ctx.s.charCodeAt(ctx.p + 1) === 0xa /* \n */)
            ctx.p += 2;
    }
    // For the record: it is not worth it to use a fast-path for literal strings using `indexOf`.
    // Doing a char-by-char iteration ends up dispatching less instructions, for the same wall-clock runtime.
    let parsed = '';
    let sliceStart = ctx.p;
    // states:
    //   0 - decoding
    //   1 - decoding escape
    //   2 - whitespace escape (no newline encountered yet, must fail on non-whitespace)
    //   3 - whitespace escape (newline encountered, allowed to transition back to normal decode)
    let state = 0;
    for (; ctx.p < ctx.s.length; ctx.p++) {
        c = ctx.s.charCodeAt(ctx.p);
        // Deal with newlines first, since that simplifies control character checking and handling across all states
        if (isMultiline && (c === 0xa /* \n */ || (c === 0xd /* \r */ && ctx.s.charCodeAt(ctx.p + 1) === 0xa /* \n */))) {
            state = state && 3;
        }
        // Control characters are banned in TOML, so we throw an error if we encounter them
        else if ((c < 0x20 && c !== 0x9 /* \t */) || c === 0x7f) {
            TomlError.x('control characters are not allowed in strings', ctx);
        }
        // The string might terminate while we're parsing through a newline escape.
        // It must have encountered a newline; otherwise, it'll simply fail in another branch.
        else if ((!state || state === 3) && c === first && (!isMultiline || (ctx.s.charCodeAt(ctx.p + 1) === first && ctx.s.charCodeAt(ctx.p + 2) === first))) {
            if (isMultiline) {
                // If the string ends with 4-5 quotes, then the first 1-2 are part of the string
                if (ctx.s.charCodeAt(ctx.p + 3) === first)
                    ctx.p++;
                if (ctx.s.charCodeAt(ctx.p + 3) === first)
                    ctx.p++;
            }
            // If we're in a newline escape still, then there's nothing to add.
            if (!state) {
                // Avoid a useless concat operation if the string can be used as-is.
                let s = ctx.s.slice(sliceStart, ctx.p);
                parsed = parsed ? parsed + s : s;
            }
            ctx.p += isMultiline ? 3 : 1;
            return parsed;
        }
        // Baseline state; keep moving forward unless an escape sequence starts
        else if (!state) {
            if (!isLiteral && c === 0x5c /* \ */) {
                parsed += ctx.s.slice(sliceStart, (sliceStart = ctx.p));
                state = 1;
            }
        }
        else if (state === 1) {
            if (c === 0x78 /* x */ || c === 0x75 /* u */ || c === 0x55 /* U */) { // Unicode escape
                let errPtr = ctx.p++ - 1;
                let value = 0;
                let len = c === 0x78 /* x */ ? 2 : c === 0x75 /* u */ ? 4 : 8;
                for (let j = 0; j < len; j++, ctx.p++) {
                    let hex = ctx.s.charCodeAt(ctx.p);
                    let digit = 
                    /* 0-9 */ hex >= 0x30 && hex <= 0x39 ? hex - 0x30 :
                        /* A-F */ hex >= 0x41 && hex <= 0x46 ? hex - 0x41 + 10 :
                            /* a-f */ hex >= 0x61 && hex <= 0x66 ? hex - 0x61 + 10 : -1;
                    if (digit < 0)
                        TomlError.x('invalid non-hex character in unicode escape', ctx);
                    value = (value << 4) | digit;
                }
                // Because JS does bitwise on signed 32bit integers, all 0xfzzzzzzz values are actually seen as negative
                if (value < 0 || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) {
                    TomlError.x('invalid unicode escape', ctx, errPtr);
                }
                parsed += String.fromCodePoint(value);
                sliceStart = ctx.p--;
                state = 0;
            }
            // Newline escape sequence. We only need to care about spaces and tabs; newlines are dealt with earlier
            else if (isMultiline && (c === 0x20 || c === 0x9 /* \t */)) {
                state = 2;
            }
            // Basic escape sequence
            else {
                if (c === 0x62 /* b */)
                    parsed += '\b';
                else if (c === 0x74 /* t */)
                    parsed += '\t';
                else if (c === 0x6e /* n */)
                    parsed += '\n';
                else if (c === 0x66 /* f */)
                    parsed += '\f';
                else if (c === 0x72 /* r */)
                    parsed += '\r';
                else if (c === 0x65 /* e */)
                    parsed += '\x1b';
                else if (c === 0x22 /* " */)
                    parsed += '"';
                else if (c === 0x5c /* \ */)
                    parsed += '\\';
                else
                    TomlError.x('unrecognised escape sequence', ctx);
                sliceStart = ctx.p + 1;
                state = 0;
            }
        }
        // Newline escape continuation: keep moving forward until the first non-whitespace char
        else if (c !== 0x20 && c !== 0x9 /* \t */) {
            if (state === 2)
                TomlError.x('invalid escape: only line-ending whitespace may be escaped', ctx, sliceStart);
            // State cannot be zero, or we'd have branched earlier already.
            // If it's a backslash, immediately transition to the escape state so it can be processed.
            state = !isLiteral && c === 0x5c /* \ */ ? 1 : 0;
            sliceStart = ctx.p;
        }
    }
    TomlError.x('unfinished string', ctx, startPtr);
}

;// CONCATENATED MODULE: ./node_modules/smol-toml/dist/date.js
/*!
 * Copyright (c) Squirrel Chat et al., All rights reserved.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Redistribution and use in source and binary forms, with or without
 * modification, are permitted provided that the following conditions are met:
 *
 * 1. Redistributions of source code must retain the above copyright notice, this
 *    list of conditions and the following disclaimer.
 * 2. Redistributions in binary form must reproduce the above copyright notice,
 *    this list of conditions and the following disclaimer in the
 *    documentation and/or other materials provided with the distribution.
 * 3. Neither the name of the copyright holder nor the names of its contributors
 *    may be used to endorse or promote products derived from this software without
 *    specific prior written permission.
 *
 * THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND
 * ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED
 * WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
 * DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE
 * FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
 * DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
 * SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER
 * CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY,
 * OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE
 * OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
 */
let DATE_TIME_RE = /^(\d{4}-\d{2}-\d{2})?[Tt ]?(?:(\d{2}):\d{2}(?::\d{2}(?:\.\d+)?)?)?(Z|z|[-+]\d{2}:\d{2})?$/i;
class TomlDate extends Date {
    #hasDate = false;
    #hasTime = false;
    #offset = null;
    constructor(date, fasttype, unsafeDelim) {
        let hasDate = true;
        let hasTime = true;
        let offset = 'Z';
        let c;
        if (typeof date === 'string') {
            if (fasttype)
                prep: {
                    // Date-time
                    if (fasttype < 3) {
                        if (+date.slice(11, 13) > 23) {
                            date = '';
                            break prep;
                        }
                        // Local
                        if (fasttype === 2) {
                            offset = null;
                            date += 'Z';
                        }
                        // Offset; keep track of offset if not Z
                        else if ((c = date.charCodeAt(date.length - 1)) !== 0x5a /* Z */ && c !== 0x7a /* z */) {
                            offset = date.slice(date.length - 6);
                        }
                        if (unsafeDelim)
                            date = date.slice(0, 10) + 'T' + date.slice(11);
                    }
                    // Time
                    else if (fasttype === 4) {
                        date = +date.slice(0, 2) > 23 ? '' : `0000-01-01T${date}Z`;
                    }
                    hasDate = fasttype !== 4;
                    hasTime = fasttype !== 3;
                }
            else {
                let match = date.match(DATE_TIME_RE);
                if (match) {
                    if (!match[1]) {
                        hasDate = false;
                        date = `0000-01-01T${date}`;
                    }
                    hasTime = !!match[2];
                    // Make sure to use T instead of a space. Breaks in case of extreme values otherwise.
                    hasTime && date[10] === ' ' && (date = date.replace(' ', 'T'));
                    // Do not allow rollover hours.
                    if (match[2] && +match[2] > 23) {
                        date = '';
                    }
                    else {
                        offset = match[3] || null;
                        if (!offset && hasTime)
                            date += 'Z';
                    }
                }
                else {
                    date = '';
                }
            }
        }
        super(date);
        if (!isNaN(this.getTime())) {
            this.#hasDate = hasDate;
            this.#hasTime = hasTime;
            this.#offset = offset;
        }
    }
    isDateTime() {
        return this.#hasDate && this.#hasTime;
    }
    isLocal() {
        return !this.#hasDate || !this.#hasTime || !this.#offset;
    }
    isDate() {
        return this.#hasDate && !this.#hasTime;
    }
    isTime() {
        return this.#hasTime && !this.#hasDate;
    }
    isValid() {
        return this.#hasDate || this.#hasTime;
    }
    toISOString() {
        let iso = super.toISOString();
        // Local Date
        if (this.isDate())
            return iso.slice(0, 10);
        // Local Time
        if (this.isTime())
            return iso.slice(11, 23);
        // Local DateTime
        if (this.#offset === null)
            return iso.slice(0, -1);
        // Offset DateTime
        if (this.#offset === 'Z' || this.#offset === 'z')
            return iso;
        // This part is quite annoying: JS strips the original timezone from the ISO string representation
        // Instead of using a "modified" date and "Z", we restore the representation "as authored"
        let offset = (+(this.#offset.slice(1, 3)) * 60) + +(this.#offset.slice(4, 6));
        offset = this.#offset[0] === '-' ? offset : -offset;
        let offsetDate = new Date(this.getTime() - (offset * 60e3));
        return offsetDate.toISOString().slice(0, -1) + this.#offset;
    }
    static wrapAsOffsetDateTime(jsDate, offset = 'Z') {
        let date = new TomlDate(jsDate);
        date.#offset = offset;
        return date;
    }
    static wrapAsLocalDateTime(jsDate) {
        let date = new TomlDate(jsDate);
        date.#offset = null;
        return date;
    }
    static wrapAsLocalDate(jsDate) {
        let date = new TomlDate(jsDate);
        date.#hasTime = false;
        date.#offset = null;
        return date;
    }
    static wrapAsLocalTime(jsDate) {
        let date = new TomlDate(jsDate);
        date.#hasDate = false;
        date.#offset = null;
        return date;
    }
}

;// CONCATENATED MODULE: ./node_modules/smol-toml/dist/extract.js
/*!
 * Copyright (c) Squirrel Chat et al., All rights reserved.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Redistribution and use in source and binary forms, with or without
 * modification, are permitted provided that the following conditions are met:
 *
 * 1. Redistributions of source code must retain the above copyright notice, this
 *    list of conditions and the following disclaimer.
 * 2. Redistributions in binary form must reproduce the above copyright notice,
 *    this list of conditions and the following disclaimer in the
 *    documentation and/or other materials provided with the distribution.
 * 3. Neither the name of the copyright holder nor the names of its contributors
 *    may be used to endorse or promote products derived from this software without
 *    specific prior written permission.
 *
 * THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND
 * ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED
 * WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
 * DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE
 * FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
 * DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
 * SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER
 * CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY,
 * OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE
 * OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
 */




function isDigit(char, base = 10) {
    return base === 16
        ? (char > 0x2f && char < 0x3a) || (char > 0x40 && char < 0x47) || (char > 0x60 && char < 0x67)
        : (char > 0x2f && char < 0x30 + base);
}
function isEndOfValue(char, delim) {
    // Whitespace -- we're permissive on `\r` for performance; it'll be dealt with later anyway
    return char === 0x20 || char === 0x9 /* \t */ || char === 0xa /* \n */ || char === 0xd /* \r */ ||
        // Structure end or next value delimiter
        (delim && (char === delim || char === 0x2c /* , */)) ||
        // Comment
        char === 0x23; /* # */
}
/** @internal */
function extractValue(ctx, end) {
    let errPtr = ctx.p;
    let c = ctx.s.charCodeAt(ctx.p);
    // Structs
    if (c === 0x5b /* [ */ || c === 0x7b /* { */) {
        ctx.d-- || TomlError.x('document contains excessively nested structures. aborting.', ctx);
        let value = c === 0x5b /* [ */
            ? parseArray(ctx)
            : parseInlineTable(ctx);
        ctx.d++;
        return value;
    }
    // Strings
    if (c === 0x22 /* " */ || c === 0x27 /* ' */) {
        return parseString(ctx);
    }
    // Booleans
    // We can fast-path because the first character is enough to know the only possible value
    if (c === 0x74 /* t */) { // Only possible valid value is `true`
        if (ctx.s.charCodeAt(++ctx.p) !== 0x72 || ctx.s.charCodeAt(++ctx.p) !== 0x75 || ctx.s.charCodeAt(++ctx.p) !== 0x65)
            TomlError.x('invalid value', ctx, errPtr);
        return ctx.p++, true;
    }
    if (c === 0x66 /* f */) { // Only possible valid value is `false`
        if (ctx.s.charCodeAt(++ctx.p) !== 0x61 || ctx.s.charCodeAt(++ctx.p) !== 0x6c || ctx.s.charCodeAt(++ctx.p) !== 0x73 || ctx.s.charCodeAt(++ctx.p) !== 0x65)
            TomlError.x('invalid value', ctx, errPtr);
        return ctx.p++, false;
    }
    if (c === 0x2b /* + */ || c === 0x2d /* - */) {
        return parseNumber(ctx, ctx.p, ctx.s.charCodeAt(++ctx.p), 0x2c - c, end);
    }
    // Rough heuristic, but `parseDate` falls back to number parsing if it's a false positive.
    // e.g.: `a = 1\n-------------- = 1` would match this heuristic, but gracefully fallback to numbers.
    if (ctx.s.charCodeAt(ctx.p + 4) === 0x2d /* - */ && ctx.s.charCodeAt(ctx.p + 7) === 0x2d /* - */) {
        return parseDate(ctx, c, end);
    }
    // Same logic as above; `parseTime` falls back to number parsing if it's a false positive.
    if (ctx.s.charCodeAt(ctx.p + 2) === 0x3a /* : */) {
        return parseTime(ctx, c, end);
    }
    return parseNumber(ctx, ctx.p, c, 0, end);
}
// State:
// 0: init
// 1: integer
// 2: fractional dot
// 3: fractional
// 4: exponent letter
// 5: exponent
// 6: exponent sign
// 7: exponent with sign
// >9: underscore; see below
//     -> 12: was integer
//     -> 14: was fractional
//     -> 16: was exponent
// states 2-5, 14, 16 are ONLY permitted iif base === 10
function parseNumber(ctx, startPtr, startChr, sign, endChr) {
    let c = startChr;
    let state = 0;
    let hasUnderscores = false;
    // (+/-)inf
    if (c === 0x69 /* i */) {
        if (ctx.s.charCodeAt(++ctx.p) !== 0x6e || ctx.s.charCodeAt(++ctx.p) !== 0x66)
            TomlError.x('invalid value', ctx, startPtr);
        return ctx.p++, (sign || 1) / 0;
    }
    // (+/-)nan
    if (c === 0x6e /* n */) {
        if (ctx.s.charCodeAt(++ctx.p) !== 0x61 || ctx.s.charCodeAt(++ctx.p) !== 0x6e)
            TomlError.x('invalid value', ctx, startPtr);
        return ctx.p++, NaN;
    }
    // Leading zero
    // Only allowed cases: `0<EOV>`, `0.(...)`, `0e(...)`, `0x(...)`, `0b(...)`, `0o(...)`
    // FWIW, `0e(...)` is a stupid case, but it's not banned per-se so we have to parse it
    if (c === 0x30 /* 0 */) {
        if (++ctx.p >= ctx.s.length || isEndOfValue(c = ctx.s.charCodeAt(ctx.p), endChr))
            return ctx.bi === true ? 0n : 0; // note: conveniently deals with `-0`
        if (!sign) {
            if (c === 0x78 /* x */)
                return parseIntegerBaseN(ctx, startPtr, 16, endChr);
            else if (c === 0x62 /* b */)
                return parseIntegerBaseN(ctx, startPtr, 2, endChr);
            else if (c === 0x6f /* o */)
                return parseIntegerBaseN(ctx, startPtr, 8, endChr);
        }
        if (c === 0x2e /* . */)
            state = 2;
        else if (c === 0x65 /* e */ || c === 0x45 /* E */)
            state = 4;
        else
            TomlError.x('illegal leading zero', ctx, startPtr);
    }
    // If the 1st char is not a digit by now, then it's not a valid TOML value at all
    else if (!isDigit(c))
        TomlError.x('invalid value', ctx, startPtr);
    while (++ctx.p < ctx.s.length && (c = ctx.s.charCodeAt(ctx.p), !isEndOfValue(c, endChr))) {
        if (!state)
            state = 1; // Detects single-digit numbers we can use a fast parse path for
        // The way the states are numbered is not random: underscores are always permitted in odd-numbered states and
        // never permitted in even-numbered ones.
        if (c === 0x5f /* _ */) {
            if (!(state & 1))
                TomlError.x('illegal underscore', ctx);
            state += 11; // 11 is a marker that makes the state even and greater than 9; see the numbering + rationale above
            hasUnderscores = true;
        }
        // Transition to fractional part.
        else if (state === 1 && c === 0x2e /* . */)
            state = 2;
        // Transition to exponent part.
        else if ((state === 1 || state === 3) && (c === 0x65 /* e */ || c === 0x45 /* E */))
            state = 4;
        // + and - are permitted in state 4 only (handled before entering the function for state 0)
        else if (state === 4 && (c === 0x2b /* + */ || c === 0x2d /* - */)) {
            state = 6;
        }
        // All special cases have been handled; only digits are allowed here
        else if (!isDigit(c))
            TomlError.x(`illegal character in numeric literal`, ctx);
        // Clear state flags
        else if (state > 9)
            state -= 11;
        else if (!(state & 1))
            state++;
    }
    // Single-char number; we can fast-path these very easily.
    if (!state) {
        let val = (startChr - 0x30 /* 0 */) * (sign || 1);
        return ctx.bi === true ? BigInt(val) : val;
    }
    // Even-numbered states absolutely require a digit next; not even end of value is permitted
    if (!(state & 1))
        TomlError.x('unfinished numeric value', ctx, startPtr);
    let str = ctx.s.slice(startPtr, ctx.p);
    if (hasUnderscores)
        str = str.replaceAll('_', ''); // perf: replaceAll 1.25x faster than replace with a regex
    return state > 1
        ? parseFloat(str)
        : parseInteger(ctx, str, 10, startPtr);
}
function parseIntegerBaseN(ctx, startPtr, base, endChr) {
    let c, underscore = 1;
    while (++ctx.p < ctx.s.length && (c = ctx.s.charCodeAt(ctx.p), !isEndOfValue(c, endChr))) {
        if (c === 0x5f /* _ */) {
            if (underscore & 1)
                TomlError.x('illegal underscore', ctx);
            underscore = 3;
        }
        // We only need to check if the number is a valid digit, nothing else is permitted
        else if (!isDigit(c, base))
            TomlError.x(`illegal character in numeric literal`, ctx);
        // Clear underscore flag
        else if (underscore & 1)
            underscore--;
    }
    // Trailing underscore is not allowed
    if (underscore & 1)
        TomlError.x('unfinished numeric value', ctx);
    let str = ctx.s.slice(startPtr + 2, ctx.p);
    if (underscore)
        str = str.replaceAll('_', ''); // perf: replaceAll 1.25x faster than replace with a regex
    return parseInteger(ctx, str, base, startPtr);
}
function parseInteger(ctx, str, base, startPtr) {
    if (ctx.bi !== true)
        int: {
            let val = parseInt(str, base);
            if (!Number.isSafeInteger(val)) {
                if (ctx.bi)
                    break int;
                TomlError.x('integer value cannot be represented losslessly', ctx, startPtr);
            }
            return val;
        }
    return base === 10 ? BigInt(str) : BigInt((base === 2 ? '0b' : base === 8 ? '0o' : '0x') + str);
}
function parseDate(ctx, c, endChr) {
    let startPtr = ctx.p++, unsafeSeparator;
    if (!isDigit(c) ||
        !isDigit(ctx.s.charCodeAt(ctx.p++)) ||
        !isDigit(ctx.s.charCodeAt(ctx.p++)) ||
        !isDigit(ctx.s.charCodeAt(ctx.p++))) {
        return parseNumber(ctx, ctx.p = startPtr, c, 0, endChr);
    }
    ctx.p += 5;
    if (!isDigit(ctx.s.charCodeAt(ctx.p++)))
        TomlError.x('invalid date-time: date part is malformed', ctx, startPtr);
    if (ctx.p >= ctx.s.length || (((c = ctx.s.charCodeAt(ctx.p)) !== 0x20 || (unsafeSeparator = true, !isDigit(ctx.s.charCodeAt(ctx.p + 1)))) && c !== 0x54 /* T */ && c !== 0x74 /* t */)) {
        let t = ctx.s.slice(startPtr, ctx.p);
        return readDate(ctx, t, 3, false, startPtr);
    }
    if (ctx.s.charCodeAt(ctx.p += 3) !== 0x3a /* : */)
        TomlError.x('invalid date-time: time part is malformed', ctx, startPtr);
    if (ctx.s.charCodeAt(ctx.p += 3) === 0x3a /* : */)
        ctx.p += 3;
    if (ctx.s.charCodeAt(ctx.p) === 0x2e /* . */)
        while (isDigit(ctx.s.charCodeAt(++ctx.p)))
            ;
    if (c = ctx.s.charCodeAt(ctx.p)) {
        if (c === 0x5a /* Z */ || c === 0x7a /* z */) {
            let t = ctx.s.slice(startPtr, ++ctx.p);
            return readDate(ctx, t, 1, unsafeSeparator, startPtr, '[+00:00]');
        }
        if (c === 0x2b /* + */ || c === 0x2d /* - */) {
            // Temporal's ZonedDateTime is weird asf when it comes to dealing with traditional offsets...
            // It's 1.2x faster to allocate a new string to pass to ZDT than use Instant.toZonedDateTimeISO
            let t = ctx.s.slice(startPtr, ctx.p += 6);
            return readDate(ctx, t, 1, unsafeSeparator, startPtr, !ctx.ld && ('[' + ctx.s.slice(ctx.p - 6, ctx.p) + ']'));
        }
    }
    let t = ctx.s.slice(startPtr, ctx.p);
    return readDate(ctx, t, 2, unsafeSeparator, startPtr);
}
function parseTime(ctx, c, endChr) {
    let start = ctx.p;
    if (!isDigit(c) || !isDigit(ctx.s.charCodeAt(++ctx.p))) {
        return parseNumber(ctx, --ctx.p, c, 0, endChr);
    }
    if (ctx.s.charCodeAt(ctx.p += 4) === 0x3a /* : */)
        ctx.p += 3;
    if (ctx.s.charCodeAt(ctx.p) === 0x2e /* . */)
        while (isDigit(ctx.s.charCodeAt(++ctx.p)))
            ;
    let t = ctx.s.slice(start, ctx.p);
    return readDate(ctx, t, 4, false, start);
}
function readDate(ctx, str, type, unsafeDelim, errPtr, temporalSuffix) {
    if (ctx.ld) {
        let date = new TomlDate(str, type, unsafeDelim);
        if (!date.isValid())
            TomlError.x('invalid date', ctx, errPtr);
        return date;
    }
    try {
        if (temporalSuffix)
            str += temporalSuffix;
        switch (type) {
            case 1: return Temporal.ZonedDateTime.from(str);
            case 2: return Temporal.PlainDateTime.from(str);
            case 3: return Temporal.PlainDate.from(str);
            case 4: return Temporal.PlainTime.from(str);
        }
    }
    catch (e) {
        TomlError.x(e instanceof Error ? e.message : '' + e, ctx, errPtr);
    }
}

;// CONCATENATED MODULE: ./node_modules/smol-toml/dist/util.js
/*!
 * Copyright (c) Squirrel Chat et al., All rights reserved.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Redistribution and use in source and binary forms, with or without
 * modification, are permitted provided that the following conditions are met:
 *
 * 1. Redistributions of source code must retain the above copyright notice, this
 *    list of conditions and the following disclaimer.
 * 2. Redistributions in binary form must reproduce the above copyright notice,
 *    this list of conditions and the following disclaimer in the
 *    documentation and/or other materials provided with the distribution.
 * 3. Neither the name of the copyright holder nor the names of its contributors
 *    may be used to endorse or promote products derived from this software without
 *    specific prior written permission.
 *
 * THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND
 * ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED
 * WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
 * DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE
 * FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
 * DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
 * SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER
 * CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY,
 * OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE
 * OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
 */

/** @internal */
function skipComment(ctx) {
    for (; ctx.p < ctx.s.length; ctx.p++) {
        let c = ctx.s.charCodeAt(ctx.p);
        if (c === 0xa /* \n */)
            break;
        if (c === 0xd /* \r */ && ctx.s.charCodeAt(ctx.p + 1) === 0xa /* \n */) {
            ctx.p++;
            break;
        }
        if ((c < 0x20 && c !== 0x9 /* \t */) || c === 0x7f) {
            TomlError.x('control characters are not allowed in comments', ctx);
        }
    }
}
/** @internal */
function skipVoid(ctx, banNewLines, banComments) {
    let c;
    while (ctx.p < ctx.s.length) {
        while (ctx.p < ctx.s.length && ((c = ctx.s.charCodeAt(ctx.p)) === 0x20 ||
            c === 0x9 /* \t */ ||
            (!banNewLines &&
                (c === 0xa /* \n */ || (c === 0xd /* \r */ && ctx.s.charCodeAt(ctx.p + 1) === 0xa /* \n */)))))
            ctx.p++;
        if (banComments || c !== 0x23 /* # */)
            break;
        skipComment(ctx);
    }
}

;// CONCATENATED MODULE: ./node_modules/smol-toml/dist/struct.js
/*!
 * Copyright (c) Squirrel Chat et al., All rights reserved.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Redistribution and use in source and binary forms, with or without
 * modification, are permitted provided that the following conditions are met:
 *
 * 1. Redistributions of source code must retain the above copyright notice, this
 *    list of conditions and the following disclaimer.
 * 2. Redistributions in binary form must reproduce the above copyright notice,
 *    this list of conditions and the following disclaimer in the
 *    documentation and/or other materials provided with the distribution.
 * 3. Neither the name of the copyright holder nor the names of its contributors
 *    may be used to endorse or promote products derived from this software without
 *    specific prior written permission.
 *
 * THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND
 * ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED
 * WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
 * DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE
 * FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
 * DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
 * SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER
 * CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY,
 * OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE
 * OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
 */




/** @internal */
function parseKey(ctx, end = 0x3d /* = */) {
    // States:
    // 0: before first char
    // 1: parsing bare key
    // 2: after key component
    let startPtr;
    let state = 0;
    let parsed = [];
    let sliceStart;
    let c = ctx.s.charCodeAt(startPtr = ctx.p);
    do {
        // End of key
        if (c === end) {
            if (!state)
                TomlError.x('unexpected end of key', ctx);
            if (state === 1)
                parsed.push(ctx.s.slice(sliceStart, ctx.p));
            return ctx.p++, parsed;
        }
        // Dotted key separator
        else if (c === 0x2e /* . */) {
            if (!state)
                TomlError.x('illegal empty bare key', ctx);
            if (state === 1)
                parsed.push(ctx.s.slice(sliceStart, ctx.p));
            state = 0;
        }
        // Quoted key
        else if (!state && (c === 0x22 /* " */ || c === 0x27 /* ' */)) {
            if (c === ctx.s.charCodeAt(ctx.p + 1) && c === ctx.s.charCodeAt(ctx.p + 2))
                TomlError.x('illegal quoted key: multiline strings are not allowed', ctx);
            parsed.push(parseString(ctx));
            state = 2;
            ctx.p--;
        }
        // Whitespace; no-op in state 0 and 2, end of bare key in state 1
        else if (c === 0x20 || c === 0x9 /* \t */) {
            if (state === 1) {
                parsed.push(ctx.s.slice(sliceStart, ctx.p));
                state = 2;
            }
        }
        // If state is post-key, no character is allowed; otherwise ensure it's a bare-key component
        else if (state === 2 || (c < 0x30 && c !== 0x2d /* - */) || (c > 0x39 && c < 0x41) || (c > 0x5a && c < 0x61 && c !== 0x5f /* _ */) || c > 0x7a) {
            TomlError.x('illegal character in key', ctx);
        }
        // Illegal character
        else if (!state) {
            state = 1;
            sliceStart = ctx.p;
        }
    } while (c = ctx.s.charCodeAt(++ctx.p));
    TomlError.x('incomplete key-value: cannot find end of key', ctx, startPtr);
}
/** @internal */
function parseInlineTable(ctx) {
    let startPtr = ctx.p++;
    let res = Object.create(null);
    let seen = new Set();
    let c;
    while (ctx.p < ctx.s.length) {
        skipVoid(ctx);
        if ((c = ctx.s.charCodeAt(ctx.p)) === 0x7d /* } */) {
            ctx.p++;
            return res;
        }
        let k;
        let t = res;
        let hasOwn = false;
        let errPtr = ctx.p;
        let key = parseKey(ctx);
        for (let i = 0; i < key.length; i++) {
            if (i)
                t = hasOwn ? t[k] : (t[k] = Object.create(null));
            k = key[i];
            if ((hasOwn = Object.hasOwn(t, k)) && (typeof t[k] !== 'object' || seen.has(t[k]))) {
                TomlError.x('trying to redefine an already defined value', ctx, errPtr);
            }
            let unsafe = k === '__proto__';
            if (ctx.uk && (unsafe || k === 'constructor')) {
                t = ctx.uk !== 1 && TomlError.x('document contains an unsafe property', ctx, errPtr);
                break;
            }
            if (!hasOwn && unsafe) {
                Object.defineProperty(t, k, { enumerable: true, configurable: true, writable: true });
            }
        }
        if (hasOwn) {
            TomlError.x('trying to redefine an already defined value', ctx, errPtr);
        }
        skipVoid(ctx, true, true);
        let value = extractValue(ctx, 0x7d /* } */);
        if (t && typeof (t[k] = value) === 'object')
            seen.add(value);
        skipVoid(ctx);
        if ((c = ctx.s.charCodeAt(ctx.p++)) === 0x7d /* } */) {
            return res;
        }
        if (c !== 0x2c /* , */)
            TomlError.x('expected comma or end of structure', ctx, ctx.p - 1);
    }
    TomlError.x('unfinished table', ctx, startPtr);
}
/** @internal */
function parseArray(ctx) {
    let startPtr = ctx.p++;
    let res = [];
    let c;
    while (ctx.p < ctx.s.length) {
        skipVoid(ctx);
        if ((c = ctx.s.charCodeAt(ctx.p)) === 0x5d /* ] */) {
            ctx.p++;
            return res;
        }
        res.push(extractValue(ctx, 0x5d /* ] */));
        skipVoid(ctx);
        if ((c = ctx.s.charCodeAt(ctx.p++)) === 0x5d /* ] */) {
            return res;
        }
        if (c !== 0x2c /* , */)
            TomlError.x('expected comma or end of structure', ctx, ctx.p - 1);
    }
    TomlError.x('unfinished array', ctx, startPtr);
}

;// CONCATENATED MODULE: ./node_modules/smol-toml/dist/parse.js
/*!
 * Copyright (c) Squirrel Chat et al., All rights reserved.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Redistribution and use in source and binary forms, with or without
 * modification, are permitted provided that the following conditions are met:
 *
 * 1. Redistributions of source code must retain the above copyright notice, this
 *    list of conditions and the following disclaimer.
 * 2. Redistributions in binary form must reproduce the above copyright notice,
 *    this list of conditions and the following disclaimer in the
 *    documentation and/or other materials provided with the distribution.
 * 3. Neither the name of the copyright holder nor the names of its contributors
 *    may be used to endorse or promote products derived from this software without
 *    specific prior written permission.
 *
 * THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND
 * ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED
 * WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
 * DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE
 * FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
 * DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
 * SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER
 * CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY,
 * OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE
 * OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
 */




function peekTable(ctx, key, table, meta, type) {
    let t = table;
    let m = meta;
    let k;
    let hasOwn = false;
    let state;
    for (let i = 0; i < key.length; i++) {
        if (i) {
            t = hasOwn ? t[k] : (t[k] = Object.create(null));
            m = (state = m[k]).c;
            if (type === 0 /* Type.DOTTED */ && (state.t === 1 /* Type.EXPLICIT */ || state.t === 2 /* Type.ARRAY */)) {
                return null;
            }
            if (state.t === 2 /* Type.ARRAY */) {
                let l = t.length - 1;
                t = t[l];
                m = m[l].c;
            }
        }
        k = key[i];
        if ((hasOwn = Object.hasOwn(t, k)) && m[k]?.t === 0 /* Type.DOTTED */ && m[k]?.d) {
            return null;
        }
        if (!hasOwn) {
            let unsafe = k === '__proto__';
            if (ctx.uk && (unsafe || k === 'constructor'))
                return false;
            if (unsafe) {
                Object.defineProperty(t, k, { enumerable: true, configurable: true, writable: true });
                Object.defineProperty(m, k, { enumerable: true, configurable: true, writable: true });
            }
            m[k] = {
                t: i < key.length - 1 && type === 2 /* Type.ARRAY */
                    ? 3 /* Type.ARRAY_DOTTED */ : type,
                d: false,
                i: 0,
                c: Object.create(null),
            };
        }
    }
    state = m[k];
    if (state.t !== type && !(type === 1 /* Type.EXPLICIT */ && state.t === 3 /* Type.ARRAY_DOTTED */)) {
        // Bad key type!
        return null;
    }
    if (type === 2 /* Type.ARRAY */) {
        if (!state.d) {
            state.d = true;
            t[k] = [];
        }
        t[k].push(t = Object.create(null));
        state.c[state.i++] = (state = { t: 1 /* Type.EXPLICIT */, d: false, i: 0, c: Object.create(null) });
    }
    if (state.d) {
        // Redefining a table!
        return null;
    }
    state.d = true;
    if (type === 1 /* Type.EXPLICIT */) {
        t = hasOwn ? t[k] : (t[k] = Object.create(null));
    }
    else if (type === 0 /* Type.DOTTED */ && hasOwn) {
        return null;
    }
    return [k, t, state.c];
}
function validateTablePeek(ctx, peek, ptr) {
    if (peek === null || ctx.uk === 2)
        TomlError.x(peek === null
            ? 'trying to redefine an already defined table or value'
            : 'document contains an unsafe property', ctx, ptr);
}
function parse_parse(toml, options = {}) {
    let ctx = {
        s: toml,
        p: 0,
        d: options.maxDepth ?? 1000,
        bi: options.integersAsBigInt ?? false,
        ld: options.useLegacyDate ?? true,
        uk: options.unsafeKeyBehaviour === 'throw' ? 2 : options.unsafeKeyBehaviour === 'drop' ? 1 : 0,
    };
    let res = Object.create(null);
    let meta = Object.create(null);
    let tmp;
    let skipping = false;
    let tbl = res;
    let m = meta;
    // BOM is allowed, skip.
    // JS is UTF-16, so we have to check for the UTF-16 BOM instead of the UTF-8 BOM sequence!
    if (toml.charCodeAt(0) === 0xfeff)
        ctx.p++;
    skipVoid(ctx);
    while (ctx.p < toml.length) {
        if (toml.charCodeAt(ctx.p) === 0x5b /* [ */) {
            let isTableArray = toml.charCodeAt(++ctx.p) === 0x5b; /* [ */
            tmp = ctx.p += +isTableArray;
            skipping = false;
            let k = parseKey(ctx, 0x5d /* ] */);
            if (isTableArray) {
                if (toml.charCodeAt(ctx.p) !== 0x5d /* ] */) {
                    TomlError.x('expected end of table array declaration', ctx);
                }
                ctx.p++;
            }
            let p = peekTable(ctx, k, res, meta, isTableArray ? 2 /* Type.ARRAY */ : 1 /* Type.EXPLICIT */);
            if (!p) {
                validateTablePeek(ctx, p, tmp);
                skipping = true;
            }
            else {
                m = p[2];
                tbl = p[1];
            }
        }
        else {
            tmp = ctx.p;
            let k = parseKey(ctx);
            let p = peekTable(ctx, k, tbl, m, 0 /* Type.DOTTED */);
            if (!p && !skipping)
                validateTablePeek(ctx, p, tmp);
            skipVoid(ctx, true, true);
            let v = extractValue(ctx, void 0);
            if (p && !skipping)
                p[1][p[0]] = v;
        }
        skipVoid(ctx, true);
        if (ctx.p < toml.length && (tmp = toml.charCodeAt(ctx.p)) !== 0xa /* \n */ && (tmp !== 0xd /* \r */ || toml.charCodeAt(ctx.p + 1) !== 0xa /* \n */)) {
            TomlError.x('each key-value declaration must be followed by an end-of-line', ctx);
        }
        skipVoid(ctx);
    }
    return res;
}

;// CONCATENATED MODULE: ./node_modules/smol-toml/dist/stringify.js
/*!
 * Copyright (c) Squirrel Chat et al., All rights reserved.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Redistribution and use in source and binary forms, with or without
 * modification, are permitted provided that the following conditions are met:
 *
 * 1. Redistributions of source code must retain the above copyright notice, this
 *    list of conditions and the following disclaimer.
 * 2. Redistributions in binary form must reproduce the above copyright notice,
 *    this list of conditions and the following disclaimer in the
 *    documentation and/or other materials provided with the distribution.
 * 3. Neither the name of the copyright holder nor the names of its contributors
 *    may be used to endorse or promote products derived from this software without
 *    specific prior written permission.
 *
 * THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND
 * ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED
 * WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
 * DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE
 * FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
 * DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
 * SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER
 * CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY,
 * OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE
 * OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
 */
let BARE_KEY = /^[a-z0-9-_]+$/i;
let HAS_WELLFORMED = !!(''.isWellFormed);
function extendedTypeOf(obj) {
    let type = typeof obj;
    if (type === 'object') {
        if (Array.isArray(obj))
            return 'array';
        if (typeof obj.getUTCDate === 'function' && obj instanceof Date)
            return 'date';
        if (globalThis.Temporal) {
            if (obj.until) {
                if (obj instanceof Temporal.ZonedDateTime)
                    return 'temporal/tz+uc';
                if (obj instanceof Temporal.PlainDateTime || obj instanceof Temporal.PlainDate)
                    return 'temporal/uc';
                if (obj instanceof Temporal.PlainTime || obj instanceof Temporal.Instant)
                    return 'temporal';
                if (obj instanceof Temporal.PlainYearMonth)
                    return 'temporal/x';
            }
            else if ((obj.toPlainDate && obj instanceof Temporal.PlainMonthDay) ||
                (obj.negated && obj instanceof Temporal.Duration)) {
                return 'temporal/x';
            }
        }
    }
    return type;
}
function isArrayOfTables(obj) {
    for (let i = 0; i < obj.length; i++) {
        if (extendedTypeOf(obj[i]) !== 'object')
            return false;
    }
    return obj.length != 0;
}
function formatWellFormedStringUnchecked(s) {
    return JSON.stringify(s).replaceAll('\x7f', '\\u007f');
}
function formatString(s) {
    return formatWellFormedStringUnchecked(HAS_WELLFORMED ? s.toWellFormed() : s);
}
function formatKey(s) {
    if (BARE_KEY.test(s))
        return s;
    if (HAS_WELLFORMED && !s.isWellFormed())
        throw new RangeError('key contains illegal lone surrogates');
    return formatWellFormedStringUnchecked(s);
}
function stringifyValue(val, type, depth, numberAsFloat, strictTemporal) {
    if (depth === 0) {
        throw new Error('Could not stringify the object: maximum object depth exceeded');
    }
    switch (type) {
        // @ts-expect-error -- intentional fallthrough case
        case 'number':
            if (isNaN(val))
                return 'nan';
            if (val === Infinity)
                return 'inf';
            if (val === -Infinity)
                return '-inf';
            if (Number.isInteger(val) && (numberAsFloat || !Number.isSafeInteger(val)))
                return val.toFixed(1);
        case 'bigint':
        case 'boolean':
        case 'temporal':
            return val.toString();
        case 'string':
            return formatString(val);
        case 'date':
            if (isNaN(val.getTime()))
                throw new TypeError('cannot serialize invalid date');
            return val.toISOString();
        case 'object':
            return stringifyInlineTable(val, depth, numberAsFloat, strictTemporal);
        case 'array':
            return stringifyArray(val, depth, numberAsFloat, strictTemporal);
        // @ts-expect-error -- intentional fallthrough case
        case 'temporal/tz+uc':
            if (strictTemporal) {
                let tz = val.timeZoneId;
                let tzc = tz.charCodeAt(0);
                if (
                // Classic offset
                tzc !== 0x2b /* + */ && tzc !== 0x2d /* - */ &&
                    (
                    // Fast pre-check pass; see below for the actually accepted values
                    (tzc !== 0x55 /* U */ && tzc !== 0x47 /* G */ && tzc !== 0x5a /* Z */ && tzc !== 0x45 /* E */) ||
                        (
                        // UTC and its aliases; Temporal implementations don't all canonicalise unfortunately
                        tz !== 'UTC' && tz !== 'UCT' && tz !== 'Universal' && tz !== 'Zulu' &&
                            // GMT is a TZ but it's for all intents and purposes equivalent to UTC. Safe to downgrade.
                            !tz.startsWith('GMT') && tz !== 'Greenwich' &&
                            // Etc/* are all safe to downgrade to offset (either UTC, GMT, or offset)
                            !tz.startsWith('Etc/')))) {
                    throw new TypeError('Temporal objects with an IANA timezone are not allowed in Temporal strict mode');
                }
            }
        case 'temporal/uc':
            if (strictTemporal && val.calendarId !== 'iso8601')
                throw new TypeError('Temporal objects with a non-default calendar are not allowed in Temporal strict mode');
            return val.toString({
                calendarName: 'never',
                timeZoneName: 'never',
            });
        case 'temporal/x':
            throw new TypeError('Unsupported ' + val[Symbol.toStringTag]);
    }
}
function stringifyInlineTable(obj, depth, numberAsFloat, strictTemporal) {
    let keys = Object.keys(obj);
    if (keys.length === 0)
        return '{}';
    let res = '{ ';
    for (let i = 0; i < keys.length; i++) {
        let k = keys[i];
        if (i)
            res += ', ';
        res += formatKey(k) + ' = ' + stringifyValue(obj[k], extendedTypeOf(obj[k]), depth - 1, numberAsFloat, strictTemporal);
    }
    return res + ' }';
}
function stringifyArray(array, depth, numberAsFloat, strictTemporal) {
    if (array.length === 0)
        return '[]';
    let res = '[ ';
    for (let i = 0; i < array.length; i++) {
        if (i)
            res += ', ';
        if (array[i] === null || array[i] === void 0) {
            throw new TypeError('arrays cannot contain null or undefined values');
        }
        res += stringifyValue(array[i], extendedTypeOf(array[i]), depth - 1, numberAsFloat, strictTemporal);
    }
    return res + ' ]';
}
function stringifyArrayTable(array, key, depth, numberAsFloat, strictTemporal) {
    if (depth === 0) {
        throw new Error('Could not stringify the object: maximum object depth exceeded');
    }
    let res = '';
    for (let i = 0; i < array.length; i++) {
        res += `${res && '\n'}[[${key}]]\n`;
        res += stringifyTable(0, array[i], key, depth, numberAsFloat, strictTemporal);
    }
    return res;
}
function stringifyTable(tableKey, obj, prefix, depth, numberAsFloat, strictTemporal) {
    if (depth === 0) {
        throw new Error('Could not stringify the object: maximum object depth exceeded');
    }
    let preamble = '';
    let tables = '';
    let keys = Object.keys(obj);
    for (let i = 0; i < keys.length; i++) {
        let k = keys[i];
        if (obj[k] !== null && obj[k] !== void 0) {
            let type = extendedTypeOf(obj[k]);
            if (type === 'symbol' || type === 'function') {
                throw new TypeError(`cannot serialize values of type '${type}'`);
            }
            let key = formatKey(k);
            if (type === 'array' && isArrayOfTables(obj[k])) {
                tables += (tables && '\n') + stringifyArrayTable(obj[k], prefix ? `${prefix}.${key}` : key, depth - 1, numberAsFloat, strictTemporal);
            }
            else if (type === 'object') {
                let tblKey = prefix ? `${prefix}.${key}` : key;
                tables += (tables && '\n') + stringifyTable(tblKey, obj[k], tblKey, depth - 1, numberAsFloat, strictTemporal);
            }
            else {
                preamble += key;
                preamble += ' = ';
                preamble += stringifyValue(obj[k], type, depth, numberAsFloat, strictTemporal);
                preamble += '\n';
            }
        }
    }
    if (tableKey && (preamble || !tables)) // Create table only if necessary
        preamble = preamble ? `[${tableKey}]\n${preamble}` : `[${tableKey}]`;
    return preamble && tables
        ? `${preamble}\n${tables}`
        : preamble || tables;
}
function stringify(obj, { maxDepth = 1000, numbersAsFloat = false, strictTemporal = false } = {}) {
    if (extendedTypeOf(obj) !== 'object') {
        throw new TypeError('stringify can only be called with an object');
    }
    let str = stringifyTable(0, obj, '', maxDepth, numbersAsFloat, strictTemporal);
    if (str[str.length - 1] !== '\n')
        return str + '\n';
    return str;
}

;// CONCATENATED MODULE: ./node_modules/smol-toml/dist/index.js
/*!
 * Copyright (c) Squirrel Chat et al., All rights reserved.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Redistribution and use in source and binary forms, with or without
 * modification, are permitted provided that the following conditions are met:
 *
 * 1. Redistributions of source code must retain the above copyright notice, this
 *    list of conditions and the following disclaimer.
 * 2. Redistributions in binary form must reproduce the above copyright notice,
 *    this list of conditions and the following disclaimer in the
 *    documentation and/or other materials provided with the distribution.
 * 3. Neither the name of the copyright holder nor the names of its contributors
 *    may be used to endorse or promote products derived from this software without
 *    specific prior written permission.
 *
 * THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND
 * ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED
 * WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
 * DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE
 * FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
 * DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
 * SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER
 * CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY,
 * OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE
 * OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
 */





/** @deprecated use `import * as ... from 'smol-toml'` instead */
/* harmony default export */ const dist = ({ parse: parse_parse, stringify: stringify, TomlDate: TomlDate, TomlError: TomlError });

;// CONCATENATED MODULE: ./.build/src/packaging/pylock-format.js




function isTable(value) {
    return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
/** Reads fields of tables and keeps what is wrong with them, so that all of it is told at once. */
function createReader(origin) {
    const problems = [];
    const complain = (what, remedy = 'Write the lock again with the program that made it.') => {
        problems.push({ where: origin, what, remedy });
    };
    function text(table, key, where, rule = () => true) {
        const value = table[key];
        if (value === undefined) {
            return null;
        }
        if (typeof value !== 'string' || !rule(value)) {
            complain(`\`${key}\` of ${where} is ${JSON.stringify(value)}, which it can't be.`);
            return null;
        }
        return value;
    }
    function needed(table, key, where, rule) {
        if (table[key] === undefined) {
            complain(`${where} has no \`${key}\`.`);
        }
        return text(table, key, where, rule) ?? '';
    }
    function list(table, key, where, isItem) {
        const value = table[key] ?? [];
        if (!Array.isArray(value) || !value.every(isItem)) {
            complain(`\`${key}\` of ${where} is no list of the kind it has to be.`);
            return [];
        }
        return value;
    }
    function table(parent, key, where) {
        const value = parent[key];
        if (value !== undefined && !isTable(value)) {
            complain(`\`${key}\` of ${where} is no table.`);
        }
        return isTable(value) ? value : null;
    }
    return { problems, complain, text, needed, list, table };
}
function readFile(reader, table, where) {
    const url = reader.text(table, 'url', where);
    const path = reader.text(table, 'path', where);
    if (url === null && path === null) {
        reader.complain(`${where} lists a file with neither \`url\` nor \`path\`.`);
    }
    const hashes = Object.entries(reader.table(table, 'hashes', where) ?? {});
    if (hashes.length === 0) {
        reader.complain(`${where} lists a file without hashes.`, 'Make the lock with hashes: nothing else proves the file.');
    }
    const size = table['size'] ?? null;
    if (size !== null && !(Number.isSafeInteger(size) && Number(size) >= 0)) {
        reader.complain(`\`size\` of ${where} is ${JSON.stringify(size)}, not a number of bytes.`);
    }
    const last = /[^/\\]*$/.exec((url ?? path ?? '').replace(/[?#].*$/s, ''))?.[0] ?? '';
    return {
        name: reader.text(table, 'name', where) ?? last.replace(/%2B/gi, '+'),
        url,
        path,
        size: size === null ? null : Number(size),
        hashes: Object.fromEntries(hashes.map(([algorithm, digest]) => [algorithm, String(digest).toLowerCase()])),
    };
}
function readPackage(reader, table) {
    const name = reader.needed(table, 'name', 'a package', isName);
    const where = `package \`${name}\``;
    const file = (key) => {
        const found = reader.table(table, key, where);
        return found === null ? null : readFile(reader, found, where);
    };
    const vcs = reader.table(table, 'vcs', where);
    const directory = reader.table(table, 'directory', where);
    return {
        name,
        version: reader.text(table, 'version', where, isVersion),
        marker: reader.text(table, 'marker', where),
        requiresPython: reader.text(table, 'requires-python', where, isSpecifier),
        index: reader.text(table, 'index', where),
        wheels: reader.list(table, 'wheels', where, isTable).map((wheel) => readFile(reader, wheel, where)),
        sdist: file('sdist'),
        archive: file('archive'),
        vcs: vcs === null
            ? null
            : {
                type: reader.needed(vcs, 'type', where),
                url: reader.text(vcs, 'url', where) ?? reader.needed(vcs, 'path', where),
                commit: reader.needed(vcs, 'commit-id', where),
            },
        directory: directory === null
            ? null
            : { path: reader.needed(directory, 'path', where), editable: directory['editable'] === true },
        tool: reader.table(table, 'tool', where) ?? {},
    };
}
function readToml(text, origin) {
    try {
        return parse_parse(text);
    }
    catch (error) {
        if (!(error instanceof TomlError)) {
            throw error;
        }
        const reason = error.message.split('\n', 1)[0]?.replace('Invalid TOML document: ', '') ?? '';
        throw new Failure(2, [{ where: `${origin}:${error.line}`, what: `It is no TOML: ${reason}.`, remedy: 'Write the lock again.' }], { cause: error });
    }
}
/** Reads a `pylock.toml` (PEP 751) by whatever program it was written. Throws Failure (exit code 2) that names all that is wrong with it. */
function parsePylock(text, origin) {
    const document = readToml(text, origin);
    const reader = createReader(origin);
    const version = reader.needed(document, 'lock-version', 'the lock');
    if (version !== '' && !/^1(?:\.\d+)*$/.test(version)) {
        reader.complain(`its \`lock-version\` is ${version}; 1.0 is what is understood here.`, 'Use a program that writes 1.0.');
    }
    const isText = (value) => typeof value === 'string';
    const pylock = {
        createdBy: reader.text(document, 'created-by', 'the lock') ?? '',
        requiresPython: reader.text(document, 'requires-python', 'the lock', isSpecifier),
        environments: reader.list(document, 'environments', 'the lock', isText),
        defaultGroups: reader.list(document, 'default-groups', 'the lock', isText),
        packages: reader.list(document, 'packages', 'the lock', isTable).map((table) => readPackage(reader, table)),
        tool: reader.table(document, 'tool', 'the lock') ?? {},
    };
    if (reader.problems.length > 0) {
        throw new Failure(2, reader.problems);
    }
    return pylock;
}
/** Leaves out what is not there: TOML has no null. */
function present(table) {
    const empty = (value) => value === null || (isTable(value) && Object.keys(value).length === 0);
    return Object.fromEntries(Object.entries(table).filter(([, value]) => !empty(value)));
}
function writePackage(locked) {
    const { vcs, wheels } = locked;
    return present({
        name: locked.name,
        version: locked.version,
        marker: locked.marker,
        'requires-python': locked.requiresPython,
        index: locked.index,
        vcs: vcs === null ? null : { type: vcs.type, url: vcs.url, 'commit-id': vcs.commit },
        directory: locked.directory,
        archive: locked.archive === null ? null : present({ ...locked.archive, name: null }),
        sdist: locked.sdist === null ? null : present({ ...locked.sdist }),
        wheels: wheels.length === 0 ? null : wheels.map((wheel) => present({ ...wheel })),
        tool: locked.tool,
    });
}
/** Writes a `pylock.toml` (PEP 751). The same value gives the same bytes. */
function formatPylock(pylock) {
    return `${stringify(present({
        'lock-version': '1.0',
        'created-by': pylock.createdBy,
        'requires-python': pylock.requiresPython,
        environments: pylock.environments.length === 0 ? null : pylock.environments,
        'default-groups': pylock.defaultGroups.length === 0 ? null : pylock.defaultGroups,
        packages: pylock.packages.map(writePackage),
        tool: pylock.tool,
    }))}`;
}

;// CONCATENATED MODULE: ./.build/src/packaging/pylock.js










const ours = 'paddle-mirror-setup';
const hashOrigins = ['lock', 'official', 'agreement', 'index', 'first-seen', 'local'];
/** A patch version in it would refuse the lock on every older patch of the same Python. */
function withoutPatch(requiresPython) {
    return requiresPython.replace(/(>=\s*\d+\.\d+)(?:\.\d+)+/g, '$1');
}
/**
 * Writes a Lock as `pylock.toml` (PEP 751) that pip and uv read without us: each package with its one file, the first address of it,
 * size and hash. What the standard has no word for stands under `tool.paddle-mirror-setup`.
 * A `requires-python` that is no specifier, as some old packages state it, is left out: pip and uv would refuse the whole lock.
 */
function toPylock(lock) {
    const packages = lock.files.map((file) => {
        const [first, ...others] = file.urls;
        const listed = {
            name: file.filename,
            url: first?.url ?? null,
            path: null,
            size: file.size,
            hashes: { sha256: file.sha256 },
        };
        return {
            name: file.name,
            version: file.version,
            marker: null,
            requiresPython: file.requiresPython !== null && isSpecifier(file.requiresPython) ? file.requiresPython : null,
            index: null,
            wheels: file.kind === 'wheel' ? [listed] : [],
            sdist: file.kind === 'sdist' ? listed : null,
            archive: null,
            vcs: null,
            directory: null,
            tool: { [ours]: { 'hash-origin': file.hashOrigin, source: first?.source ?? '', other: others } },
        };
    });
    const { device, cuda, distribution, created, key, unhashed } = lock;
    return formatPylock({
        createdBy: ours,
        requiresPython: withoutPatch(lock.requiresPython),
        environments: [],
        defaultGroups: [],
        packages,
        tool: {
            [ours]: {
                device,
                ...(cuda === null ? {} : { cuda }),
                distribution,
                'paddle-version': lock.paddleVersion,
                created,
                key,
                unhashed,
            },
        },
    });
}
function ownTable(tool) {
    const table = tool[ours];
    return typeof table === 'object' && table !== null ? table : {};
}
function ownText(table, key) {
    const value = table[key];
    return typeof value === 'string' ? value : '';
}
function pylock_applies(locked, pylock, { environment }) {
    const marked = locked.marker === null ||
        evaluateMarker(locked.marker, environment, { dependencyGroups: pylock.defaultGroups, extras: [] });
    return marked && satisfies(environment.python_full_version, locked.requiresPython ?? '', { prereleases: true });
}
/** Other addresses of a file that we wrote ourselves: `[{ source, url }]`. */
function otherAddresses(own) {
    const others = Array.isArray(own['other']) ? own['other'] : [];
    return others
        .filter((other) => typeof other === 'object' && other !== null)
        .map((other) => ({ source: ownText(other, 'source'), url: ownText(other, 'url') }))
        .filter(({ url }) => URL.canParse(url));
}
function locate(path, folder) {
    if (folder === null) {
        throw new SyntaxError('it has a path instead of an address');
    }
    return (0,external_node_path_.resolve)(folder, path);
}
/** Throws SyntaxError with a phrase that says why the package can't be had as locked. */
function lockFile(locked, { tags, folder }) {
    const wheel = bestWheel(locked.wheels.map((file) => ({ filename: file.name, file })), tags);
    const file = wheel?.file ?? locked.sdist ?? locked.archive;
    if (file === null) {
        throw new SyntaxError('it has no file that this interpreter takes');
    }
    const told = parseFilename(file.name);
    if (told !== null && told.name !== normalise(locked.name)) {
        throw new SyntaxError(`it lists \`${file.name}\`, which is a file of \`${told.name}\``);
    }
    // The name becomes part of a path in the store.
    if (!/^\w[\w.+!-]*$/.test(file.name)) {
        throw new SyntaxError(`it lists \`${file.name}\`, which is no name of a file`);
    }
    const version = locked.version ?? told?.version;
    const sha256 = file.hashes['sha256'];
    if (version === undefined || sha256 === undefined || !/^[0-9a-f]{64}$/.test(sha256)) {
        throw new SyntaxError(version === undefined ? 'it has no version' : `it has no sha256 for \`${file.name}\``);
    }
    const own = ownTable(locked.tool);
    const address = file.url ?? (0,external_node_url_.pathToFileURL)(locate(file.path ?? '', folder)).href;
    if (!address.startsWith('file:') && parseAddress(address).credentials !== null) {
        throw new SyntaxError('it has credentials in an address');
    }
    return {
        name: normalise(locked.name),
        version,
        filename: file.name,
        kind: wheel === null && told?.kind !== 'wheel' ? 'sdist' : 'wheel',
        size: file.size,
        sha256,
        hashOrigin: hashOrigins.find((origin) => origin === own['hash-origin']) ?? 'lock',
        urls: [{ source: ownText(own, 'source') || 'lock', url: address }, ...otherAddresses(own)],
        requiresPython: locked.requiresPython,
    };
}
/** The line for what no hash can prove: a repository at a commit, or a folder. */
function unhashedLine({ name, vcs, directory }, folder) {
    if (vcs !== null) {
        return `${name} @ ${vcs.type}+${vcs.url}@${vcs.commit}`;
    }
    return directory === null ? null : `${directory.editable ? '-e ' : ''}${locate(directory.path, folder)}`;
}
/**
 * Reads a `pylock.toml` for one interpreter: our own gives back the Lock it was written from; of one by uv or pip markers and tags choose
 * the packages and one file each, and `device`, `key` and `created` are '' because such a file doesn't tell them.
 * `tags` are in order of preference (see `compatibleTags`); `folder` is the absolute folder in which the lock's relative paths begin,
 * null where it can have none. Throws Failure (exit code 2) that names all that is wrong.
 */
function fromPylock(text, origin, tags, environment, folder = null) {
    const target = { tags, environment, folder };
    const pylock = parsePylock(text, origin);
    const problems = [];
    const complain = (what) => {
        problems.push({
            where: origin,
            what,
            remedy: 'Make a lock for this interpreter, or install with the one it was made for.',
        });
    };
    const attempt = (subject, work) => {
        try {
            return work();
        }
        catch (error) {
            if (!(error instanceof SyntaxError)) {
                throw error;
            }
            complain(`${subject} ${error.message}.`);
            return undefined;
        }
    };
    if (!satisfies(environment.python_full_version, pylock.requiresPython ?? '', { prereleases: true })) {
        complain(`it is made for Python ${pylock.requiresPython}; this one is ${environment.python_full_version}.`);
    }
    const fits = attempt('`environments`:', () => pylock.environments.filter((marker) => evaluateMarker(marker, environment)));
    if (fits?.length === 0 && pylock.environments.length > 0) {
        complain(`it is made for other machines: \`${pylock.environments.join('`, `')}\`.`);
    }
    const packages = pylock.packages.filter((locked) => attempt(`the marker of package \`${locked.name}\`:`, () => pylock_applies(locked, pylock, target)));
    const seen = new Set();
    const files = [];
    const unhashed = [];
    for (const locked of packages) {
        if (seen.has(normalise(locked.name))) {
            complain(`package \`${locked.name}\` stands in it more than once for this interpreter.`);
        }
        seen.add(normalise(locked.name));
        attempt(`package \`${locked.name}\`:`, () => {
            const line = unhashedLine(locked, folder);
            if (line === null) {
                files.push(lockFile(locked, target));
            }
            else {
                unhashed.push(line);
            }
        });
    }
    if (problems.length > 0) {
        throw new Failure(2, problems);
    }
    const own = ownTable(pylock.tool);
    const paddle = files.find(({ name }) => /^paddlepaddle(?:-[a-z]+)?$/.test(name));
    const ownUnhashed = own['unhashed'];
    return {
        requiresPython: withoutPatch(pylock.requiresPython ?? `>=${environment.python_version}`),
        device: ownText(own, 'device'),
        cuda: ownText(own, 'cuda') || null,
        distribution: ownText(own, 'distribution') || (paddle?.name ?? ''),
        paddleVersion: ownText(own, 'paddle-version') || (paddle?.version ?? ''),
        files,
        unhashed: Array.isArray(ownUnhashed) ? ownUnhashed.map(String) : unhashed,
        created: ownText(own, 'created'),
        key: ownText(own, 'key'),
    };
}

;// CONCATENATED MODULE: ./.build/src/lock/keep.js



/**
 * Whether a request leaves no version open that it names: each line is `==`, a link with a hash or a local file.
 * What such a request depends on may still move at the index, but a user who pins wants the same answer every time, so its lock never ages.
 */
function isPinned(requirements) {
    return requirements.every((line) => {
        if (line.kind === 'named')
            return isExact(line.specifier);
        return line.kind === 'path' || (line.kind === 'url' && line.hashes.length > 0);
    });
}
/** The lock kept under a key, if it can be read and is young enough; else null, and it is resolved again. */
async function keptLock(wishes) {
    const kept = await wishes.shelf.readLock(wishes.key);
    if (kept === null)
        return null;
    const again = (why) => {
        wishes.log.warn({ id: 'kept-lock-unusable', text: `The kept lock is resolved again: ${why}` });
        return null;
    };
    try {
        const lock = fromPylock(kept.value, 'the kept lock', wishes.tags, wishes.environment);
        if (lock.key !== wishes.key)
            return again(`it was made for the key ${lock.key}.`);
        const ageMs = wishes.now.getTime() - Date.parse(lock.created);
        // A date in the future (a clock that was set back) tells no age.
        if (wishes.pinned || (ageMs >= 0 && ageMs <= wishes.maxAgeMs))
            return lock;
        wishes.log.info(`The kept lock of ${lock.created} is older than lock-max-age and is resolved again.`);
        return null;
    }
    catch (error) {
        if (!(error instanceof Failure))
            throw error;
        return again(error.problems.map(({ what }) => what).join(' '));
    }
}
/** Keeps a lock under its key; gives the path of the written `pylock.toml`. */
function keepLock(shelf, lock) {
    return shelf.writeLock(lock.key, toPylock(lock));
}

;// CONCATENATED MODULE: ./.build/src/plan/recall.js



/** The plan that a kept lock stands for, without asking an index; null where the lock does not answer the draft (any more). */
function recall(draft, lock) {
    const candidate = draft.candidates.find(({ device, distribution }) => device === lock.device && distribution === lock.distribution);
    const versionOf = (project) => lock.files.find(({ name }) => name === project)?.version ?? null;
    if (candidate === undefined || versionOf(candidate.distribution) !== lock.paddleVersion) {
        return null;
    }
    const plugin = candidate.plugin === null ? null : versionOf(candidate.plugin);
    const paired = candidate.plugin === null || (plugin !== null && (candidate.companions[plugin] ?? plugin) === lock.paddleVersion);
    const wished = [plugin, lock.paddleVersion].some((version) => version !== null && answers(version, candidate.specifier, true));
    return paired && wished && belongs(lock.paddleVersion, candidate)
        ? assemble(candidate, { version: lock.paddleVersion, plugin }, draft, lock.requiresPython.replace(/^[^\d]*/, ''), [])
        : null;
}

;// CONCATENATED MODULE: ./.build/src/pipeline/obtain-lock.js








/** The lock that the cache keeps for this request, where it is young enough and still answers the draft; null otherwise. */
async function keptPlan({ request, context }, prepared, { store }) {
    const { runner, draft, key } = prepared;
    const { requirements, paddle, lockMaxAgeMs } = request;
    // Nightlies change every day, so their lock is never kept.
    if (paddle.kind === 'nightly')
        return null;
    const lock = await keptLock({
        shelf: store,
        key,
        pinned: paddle.kind === 'specifier' && isExact(paddle.specifier) && isPinned(requirements.requirements),
        maxAgeMs: lockMaxAgeMs,
        now: context.started,
        tags: runner.interpreter.tags,
        environment: markerEnvironment(runner.interpreter),
        log: context.log,
    });
    const plan = lock === null ? null : recall(draft, lock);
    return lock === null || plan === null ? null : { lock, plan };
}
/** The user's own `pylock.toml`: it says everything, so no index is asked. Throws Failure(2) where it does not fit this interpreter or this request. */
async function givenPlan({ runner, draft, key }, pylock) {
    const text = await (0,promises_.readFile)(pylock, 'utf8');
    const environment = markerEnvironment(runner.interpreter);
    const read = fromPylock(text, pylock, runner.interpreter.tags, environment, external_node_path_.dirname(pylock));
    const refuse = (what, remedy) => new Failure(2, [{ where: pylock, what, remedy }]);
    const candidate = draft.candidates.find(({ distribution, device }) => read.files.some(({ name }) => name === distribution) && (read.device === '' || read.device === device));
    if (candidate === undefined) {
        const names = [...new Set(draft.candidates.map(({ distribution }) => distribution))].join(' or ');
        const made = read.device === '' ? '' : ` for this device: it was made for ${read.device}`;
        throw refuse(`It holds no ${names}${made}.`, 'Make a lock that includes PaddlePaddle for this device, or give requirements files instead.');
    }
    const { device, cuda, distribution } = candidate;
    const paddleVersion = read.files.find(({ name }) => name === distribution)?.version ?? '';
    const lock = { ...read, device, cuda, distribution, paddleVersion, key };
    const plan = recall(draft, lock);
    if (plan !== null)
        return { lock, plan };
    const what = `It holds ${distribution} ${paddleVersion}, which is not what paddle-version and device ask for.`;
    throw refuse(what, 'Leave paddle-version out, or make a new lock.');
}
/** A lock that is there already: the user's own, else the one that the cache keeps; null where it has to be resolved. */
function obtainLock(run, prepared, stock) {
    const { pylock } = run.request.requirements;
    if (pylock !== null)
        return givenPlan(prepared, pylock);
    return stock === null ? Promise.resolve(null) : keptPlan(run, prepared, stock);
}

;// CONCATENATED MODULE: ./.build/src/plan/cache-key.js


/** Raised when the same parts come to mean something else: every cache starts anew then. */
const schema = '1';
function digest(value) {
    return (0,external_node_crypto_.createHash)('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 12);
}
/** Private indexes of the machine's own pip settings, credentials left out; the others are in the requirements' digest. */
function privateIndexes({ interpreter }) {
    const addresses = (interpreter.pipSettings['extra-index-url']?.value ?? '')
        .split(/\s+/)
        .filter((text) => text !== '');
    return addresses.map((address) => address.replace(/\/\/[^/@]*@/, '//'));
}
/**
 * The key under which a lock and its files are kept: everything that changes which files are installed, and nothing else (no kernel
 * version, no mirror, no installer). `requirementsDigest` is the digest of the requirements' meaning. The key has no comma and stays
 * below 512 characters, GitHub's limits.
 */
function cacheKey({ candidates, channel, wish }, runner, requirementsDigest) {
    const { implementation, version, freeThreaded, glibc, musl, macos, bits } = runner.interpreter;
    const python = `${implementation === 'cpython' ? 'py' : implementation}${minorOf(version).replace('.', '')}${freeThreaded ? 't' : ''}`;
    const system = [
        glibc && `glibc ${minorOf(glibc)}`,
        musl && `musl ${minorOf(musl)}`,
        macos && `macOS ${macos.version.split('.')[0]}`,
    ]
        .filter((name) => name)
        .join(' ');
    const platform = platformOf(runner);
    const indexes = privateIndexes(runner);
    const anatomy = [
        { part: 'schema', value: schema },
        { part: 'devices', value: candidates.map(({ device }) => device).join(' ') },
        { part: 'builds', value: digest(candidates) },
        { part: 'channel', value: channel },
        { part: 'paddle', value: wish === '' ? 'newest' : wish },
        { part: 'requirements', value: requirementsDigest },
        { part: 'python', value: `${python} ${bits}-bit` },
        { part: 'platform', value: `${platform} ${system}`.trim() },
        { part: 'private indexes', value: indexes.length === 0 ? 'none' : digest(indexes) },
    ];
    const name = `paddle-mirror-setup-v${schema}-${platform}-${python}-${candidates[0]?.device}`;
    return { key: `${name}-${digest(anatomy)}`.replace(/[^\w.-]/g, '_'), anatomy };
}

;// CONCATENATED MODULE: ./.build/src/request/digest.js


function clauses(specifier) {
    return [...new Set(specifier.split(','))].sort();
}
/** A local file counts by its name and hash, wherever it lies; everything else without a hash by its address. */
function meaning(line) {
    const local = line.kind === 'path' && line.hashes.length > 0 && line.url !== null;
    return JSON.stringify([
        line.kind,
        line.normalised,
        line.extras,
        clauses(line.specifier),
        line.marker,
        local ? (0,external_node_path_.basename)(line.url) : line.url,
        [...line.hashes].sort(),
    ]);
}
function meanings(lines) {
    return [...new Set(lines.map(meaning))].sort();
}
/**
 * SHA-256 (lower-case hex) of what a set of requirements means: comments, blanks, line ends, the order of requirements, nesting of files
 * and spelling of names make no difference; a version, hash, marker, extra, constraint, index or format does. The order of indexes and
 * of format options counts, because it decides which one wins; credentials don't. `lockText` is the content of `set.pylock`, null without one.
 */
function requirementsDigest(set, lockText) {
    const parts = [
        meanings(set.requirements),
        meanings(set.constraints),
        set.indexes.map(({ kind, url }) => [kind, url]),
        set.noIndex,
        set.preReleases,
        set.formats,
        lockText?.replace(/\r\n/g, '\n') ?? null,
    ];
    return (0,external_node_crypto_.createHash)('sha256').update(JSON.stringify(parts)).digest('hex');
}

;// CONCATENATED MODULE: external "node:child_process"
const external_node_child_process_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:child_process");
// EXTERNAL MODULE: external "node:events"
var external_node_events_ = __nccwpck_require__(8474);
;// CONCATENATED MODULE: ./.build/src/process/run.js



const windows = process.platform === 'win32';
/** Characters of a stream that are kept, give or take one chunk. */
const kept = 4_000_000;
/** After the end of the process its pipes may be held by a stray child for this long, ms. */
const pipeGraceMs = 1_000;
/** A killed process that hangs in a driver ends when the driver lets go; it is waited for this long, ms. */
const killGraceMs = 2_000;
/** The end of a text that comes in chunks. */
function createTail() {
    let chunks = [];
    let length = 0;
    return {
        add: (chunk) => {
            chunks.push(chunk);
            length += chunk.length;
            // Halved seldom, not cut at every chunk: a program that floods its output costs no more than reading it.
            if (length < 2 * kept)
                return;
            chunks = [chunks.join('').slice(-kept)];
            length = kept;
        },
        text: () => chunks.join('').slice(-kept),
    };
}
/** POSIX: what a program started (git, build back ends, a script's tool) is in its process group and goes with it. */
function signalGroup(pid, signal) {
    try {
        process.kill(-pid, signal);
    }
    catch (error) {
        // ESRCH: nothing of the group is left, which is what was wanted.
        if (error.code !== 'ESRCH')
            throw error;
    }
}
/** Windows has no process groups; its own tool walks the tree. Where that fails the program alone is ended. */
async function endTree(child) {
    const { exec } = await __nccwpck_require__.e(/* import() */ 955).then(__nccwpck_require__.bind(__nccwpck_require__, 1955));
    const quiet = { silent: true, ignoreReturnCode: true };
    const code = await exec('taskkill', ['/pid', String(child.pid), '/t', '/f'], quiet).catch(() => null);
    if (code !== 0)
        child.kill('SIGKILL');
}
const reason = (error) => error.code ?? String(error);
/**
 * Runs a program without a shell and without standard input, in a process group of its own that is ended as a whole: at the limit,
 * on abort, and when the program itself has ended. A program that fails, hangs or is none is an answer; throws the signal's reason alone.
 */
async function run(call) {
    call.signal.throwIfAborted();
    const started = performance.now();
    const said = { stdout: createTail(), stderr: createTail(), output: createTail() };
    let timedOut = false;
    const end = (rest) => ({
        ...rest,
        stdout: said.stdout.text(),
        stderr: said.stderr.text(),
        output: said.output.text(),
        timedOut,
        ms: performance.now() - started,
    });
    const start = () => (0,external_node_child_process_namespaceObject.spawn)(call.file, call.args, {
        cwd: call.cwd,
        env: call.environment,
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: !windows,
        windowsHide: true,
    });
    let child;
    try {
        child = start();
    }
    catch (error) {
        // Arguments that no program can be given (too long, with a NUL) are thrown, not emitted.
        return end({ code: null, signal: null, startError: reason(error) });
    }
    for (const name of ['stdout', 'stderr']) {
        child[name].setEncoding('utf8').on('data', (text) => {
            said[name].add(text);
            said.output.add(text);
        });
    }
    const closed = new Promise((resolve) => child.once('close', () => resolve()));
    const givenUp = new AbortController();
    let next;
    let ending;
    const kill = (pid) => {
        if (windows)
            ending = endTree(child);
        else
            signalGroup(pid, 'SIGKILL');
        next = setTimeout(() => givenUp.abort(), killGraceMs);
    };
    const stop = () => {
        const { pid } = child;
        if (pid === undefined || next !== undefined)
            return;
        if (windows || call.graceMs === undefined)
            return kill(pid);
        signalGroup(pid, 'SIGTERM');
        next = setTimeout(() => kill(pid), call.graceMs);
    };
    const limit = setTimeout(() => {
        timedOut = true;
        stop();
    }, call.limitMs);
    call.signal.addEventListener('abort', stop, { once: true });
    try {
        const [code, signal] = (await (0,external_node_events_.once)(child, 'exit', { signal: givenUp.signal }));
        // On Windows the tree of a process that has ended can no longer be walked.
        if (child.pid !== undefined && !windows)
            signalGroup(child.pid, 'SIGKILL');
        await Promise.race([closed, (0,external_node_timers_promises_namespaceObject.setTimeout)(pipeGraceMs, undefined, { ref: false })]);
        await ending;
        call.signal.throwIfAborted();
        return end({ code, signal, startError: null });
    }
    catch (error) {
        call.signal.throwIfAborted();
        if (givenUp.signal.aborted)
            return end({ code: null, signal: null, startError: null });
        // `once` rejects with the child's `error` event: it could not be started.
        if (child.pid !== undefined)
            throw error;
        return end({ code: null, signal: null, startError: reason(error) });
    }
    finally {
        clearTimeout(limit);
        clearTimeout(next);
        call.signal.removeEventListener('abort', stop);
        child.unref();
        child.stdout.destroy();
        child.stderr.destroy();
    }
}

;// CONCATENATED MODULE: ./.build/src/runner/complaint.js
/** What a tool that did not do its work said, in one line. */
function complaint(answer) {
    if (answer.timedOut)
        return 'no answer in time';
    if (answer.startError !== null)
        return `cannot be started (${answer.startError})`;
    const line = `${answer.stderr}\n${answer.stdout}`.split(/\r?\n/).find((text) => text.trim() !== '');
    return line?.trim().slice(0, 300) ?? `nothing printed, exit status ${answer.code}`;
}

// EXTERNAL MODULE: external "node:fs"
var external_node_fs_ = __nccwpck_require__(3024);
;// CONCATENATED MODULE: ./.build/src/runner/find-program.js



/** Whether a path is a file that this user may run. On Windows every file is. */
async function isProgram(file) {
    try {
        await (0,promises_.access)(file, external_node_fs_.constants.X_OK);
        return (await (0,promises_.stat)(file)).isFile();
    }
    catch (error) {
        if (error.code !== undefined)
            return false;
        throw error;
    }
}
/** The folders of PATH. Empty and relative entries are left out: what they name depends on the working directory. */
function searchPath(environment) {
    const value = environment['PATH'] ?? environment['Path'] ?? '';
    return value.split(external_node_path_.delimiter).filter((folder) => external_node_path_.isAbsolute(folder));
}
/** First program of that name on PATH as an absolute path, or null. On Windows only `.exe`: anything else needs a shell. */
async function findProgram(name, environment) {
    const file = process.platform === 'win32' && !/\.exe$/i.test(name) ? `${name}.exe` : name;
    for (const folder of searchPath(environment)) {
        const candidate = external_node_path_.join(folder, file);
        if (await isProgram(candidate))
            return candidate;
    }
    return null;
}
/** Every Python on PATH by its own name (`python`, `python3`, `python3.11`), in the order of PATH. */
async function pythonsOnPath(environment) {
    const found = [];
    for (const folder of new Set(searchPath(environment))) {
        const names = await (0,promises_.readdir)(folder).catch(() => []);
        for (const name of names.filter((name) => /^python(\d+(\.\d+)?t?)?(\.exe)?$/i.test(name)).sort()) {
            const file = external_node_path_.join(folder, name);
            if (await isProgram(file))
                found.push(file);
        }
    }
    return found;
}

;// CONCATENATED MODULE: ./.build/src/runner/nvidia.js




const limitMs = 5_000;
const fields = ['index', 'name', 'compute_cap', 'memory.total', 'driver_version'];
/** Where the driver puts its tool without putting the folder on PATH: WSL, and Windows services with a short PATH. */
const otherPlaces = ['/usr/lib/wsl/lib/nvidia-smi', 'C:\\Windows\\System32\\nvidia-smi.exe'];
async function findTool(environment) {
    const onPath = await findProgram('nvidia-smi', environment);
    if (onPath !== null)
        return onPath;
    for (const file of otherPlaces)
        if (external_node_path_.isAbsolute(file) && (await isProgram(file)))
            return file;
    return null;
}
/** nvidia-smi writes `[N/A]`, `[Not Supported]`, `[Unknown Error]` for what it cannot tell. */
const known = (text) => (text === undefined || /^\[.*\]$/.test(text) || text === '' ? null : text);
/**
 * The GPUs and the driver in the CSV of `nvidia-smi --query-gpu` for the given columns (index and name first, without header and units).
 * Lines that are no rows (warnings) are passed over.
 */
function parseQuery(csv, columns) {
    const rows = csv.split(/\r?\n/).map((line) => line.split(',').map((cell) => cell.trim()));
    const whole = rows.filter((row) => row.length >= columns.length && /^\d+$/.test(row[0] ?? ''));
    const cell = (row, column) => {
        const at = columns.indexOf(column);
        // Counted from the end: a name may hold commas.
        return at < 0 ? null : known(row.at(at - columns.length));
    };
    const gpus = whole.map((row) => {
        const memory = Number(cell(row, 'memory.total') ?? Number.NaN);
        return {
            index: Number(row[0]),
            name: row.slice(1, row.length - columns.length + 2).join(', '),
            capability: cell(row, 'compute_cap'),
            memoryMiB: Number.isFinite(memory) ? memory : null,
        };
    });
    const drivers = whole.map((row) => cell(row, 'driver_version'));
    return { driver: drivers.find((driver) => driver !== null) ?? null, gpus };
}
/** `CUDA Version: 12.4` of the table that plain `nvidia-smi` prints; newer drivers write `CUDA UMD Version`, old ones nothing. */
function parseCudaVersion(table) {
    return /CUDA(?: \w+)? Version\s*:\s*(\d+\.\d+)/.exec(table)?.[1] ?? null;
}
/** Drivers before 510 do not know `compute_cap` and refuse the whole question. */
const refusedField = (answer) => /not a valid field/i.test(answer.stdout + answer.stderr);
/** What NVIDIA's tool says. Never fails: a tool that is not there gives nothing, one that fails or hangs a line in `failures`. */
async function inspectNvidia(options) {
    const none = { nvidiaDriver: null, driverCuda: null, gpus: [], failures: [] };
    const tool = await findTool(options.environment);
    if (tool === null)
        return none;
    const ask = (args) => run({ ...options, file: tool, args, limitMs });
    const query = (columns) => ask([`--query-gpu=${columns.join(',')}`, '--format=csv,noheader,nounits']);
    const [first, table] = await Promise.all([query(fields), ask([])]);
    const columns = refusedField(first) ? fields.filter((name) => name !== 'compute_cap') : fields;
    const answer = columns === fields ? first : await query(columns);
    const { driver, gpus } = parseQuery(answer.stdout, columns);
    const failures = answer.code === 0 && gpus.length > 0 ? [] : [`nvidia-smi: ${complaint(answer)}`];
    return { nvidiaDriver: driver, driverCuda: parseCudaVersion(table.stdout), gpus, failures };
}

;// CONCATENATED MODULE: ./.build/src/runner/accelerators.js




const accelerators_limitMs = 5_000;
const vendorTools = [
    // Intel's GPU tool is called xpu-smi too.
    { device: 'xpu', programs: ['xpu-smi', 'xpu_smi'], args: [], notOf: /intel/i },
    { device: 'npu', programs: ['npu-smi'], args: ['info'] },
    { device: 'dcu', programs: ['hy-smi'], args: [] },
    // Hygon's toolkit brings its own rocm-smi; AMD's says nothing of a DCU.
    { device: 'dcu', programs: ['rocm-smi'], args: [], of: /\bDCU\b|hygon/i },
    { device: 'mlu', programs: ['cnmon'], args: [] },
    { device: 'gcu', programs: ['efsmi'], args: [] },
    { device: 'maca', programs: ['mx-smi'], args: [] },
    { device: 'ixuca', programs: ['ixsmi'], args: [] },
];
/**
 * Number of devices in the table that a vendor's tool prints: its distinct PCI addresses (`0000:c1:00.0`), of which the lists of
 * processes below have none; a table without addresses counts by the numbers that its rows begin with.
 */
function countDevices(table) {
    const addresses = table.match(/(?<![\w:.])(?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7](?![\w.])/gi) ?? [];
    if (addresses.length > 0)
        return new Set(addresses.map((address) => address.toLowerCase())).size;
    const rows = [...table.matchAll(/^[| \t]*(\d{1,3})[ \t]{2,}\S.*(?:[ \t]{2,}|\|)/gm)].map((match) => match[1]);
    return new Set(rows).size;
}
async function askVendor(tool, options) {
    const found = await Promise.all(tool.programs.map((name) => findProgram(name, options.environment)));
    const program = found.find((file) => file !== null);
    if (program === undefined || program === null)
        return null;
    const answer = await run({ ...options, file: program, args: tool.args, limitMs: accelerators_limitMs });
    if (tool.notOf?.test(answer.stdout + answer.stderr))
        return null;
    const ours = tool.of?.test(answer.stdout) ?? true;
    const count = answer.code === 0 && ours ? countDevices(answer.stdout) : 0;
    if (count === 0 && !ours)
        return null;
    return { device: tool.device, count, failure: count > 0 ? null : `${tool.programs[0]}: ${complaint(answer)}` };
}
/**
 * The accelerators of the machine by the word of their vendors' tools, all asked at once, 5 s each; nothing is started that is not on
 * PATH. Nothing here fails but an aborted signal (its reason is thrown).
 */
async function inspectAccelerators(options) {
    const [nvidia, ...answers] = await Promise.all([
        inspectNvidia(options),
        ...vendorTools.map((tool) => askVendor(tool, options)),
    ]);
    const others = new Map();
    for (const answer of answers) {
        if (answer !== null && answer.count > 0) {
            others.set(answer.device, Math.max(answer.count, others.get(answer.device) ?? 0));
        }
    }
    return {
        ...nvidia,
        others: [...others].map(([device, count]) => ({ device, count })),
        failures: [...nvidia.failures, ...answers.flatMap((answer) => answer?.failure ?? [])],
    };
}

;// CONCATENATED MODULE: ./.build/src/runner/answer.js
const marker = 'paddle-mirror-setup-probe:';
const answer_isText = (value) => typeof value === 'string';
const isBoolean = (value) => typeof value === 'boolean';
const orNull = (check) => (value) => value === null || check(value);
const answer_isTable = (check) => (value) => typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(check);
const hasTexts = (...names) => (value) => typeof value === 'object' && value !== null && names.every((name) => answer_isText(Reflect.get(value, name)));
const shape = {
    executable: answer_isText,
    version: (value) => typeof value === 'string' && /^\d+\.\d+\.\d+/.test(value),
    implementation: answer_isText,
    bits: (value) => value === 32 || value === 64,
    platform: answer_isText,
    freeThreaded: isBoolean,
    glibc: orNull(answer_isText),
    musl: orNull(answer_isText),
    macos: orNull(hasTexts('version', 'machine')),
    prefix: answer_isText,
    basePrefix: answer_isText,
    virtual: isBoolean,
    externallyManaged: orNull(answer_isText),
    pip: orNull(answer_isText),
    setuptools: orNull(answer_isText),
    paddle: answer_isTable(answer_isText),
    purelib: answer_isText,
    writable: isBoolean,
    pipSettings: answer_isTable(hasTexts('value', 'origin')),
    pipProblems: (value) => Array.isArray(value) && value.every(answer_isText),
    officialIndex: orNull(hasTexts('url', 'origin')),
};
/**
 * What `probe.py` answered, found behind its marker whatever else the interpreter printed; null where there is no whole answer, which
 * is what any program that is no Python gives. `executable` may be '' (an embedded Python does not know it).
 */
function readAnswer(stdout) {
    const line = stdout.split(/\r?\n/).findLast((text) => text.startsWith(marker));
    if (line === undefined)
        return null;
    try {
        const answer = JSON.parse(line.slice(marker.length));
        const whole = typeof answer === 'object' &&
            answer !== null &&
            Object.entries(shape).every(([name, check]) => check(Reflect.get(answer, name)));
        return whole ? answer : null;
    }
    catch (error) {
        if (error instanceof SyntaxError)
            return null;
        throw error;
    }
}

;// CONCATENATED MODULE: ./.build/src/runner/probe.js





const probeFile = (0,external_node_path_.join)(import.meta.dirname, 'probe.py');
/** Exit statuses with which a shim (POSIX shells) and the Windows Store's stand-in say that there is no such Python. */
const noSuchCommand = new Set([127, 9009]);
async function notRunnable(file) {
    const there = await (0,promises_.lstat)(file).catch(() => null);
    if (there === null)
        return { kind: 'absent', text: 'does not exist.' };
    const target = await (0,promises_.stat)(file).catch(() => null);
    if (target === null)
        return { kind: 'broken', text: 'is a link to a file that does not exist any more.' };
    if (target.isDirectory())
        return { kind: 'folder', text: 'is a folder.' };
    return { kind: 'broken', text: 'is not a file that may be executed.' };
}
/**
 * Runs `probe.py` with a program and gives its answer, or says why there is none. `limitMs` is in milliseconds. The user's own
 * environment is kept, since it decides what that Python is; the probe does not import from the working directory.
 */
async function probe_probe(file, options) {
    if (!(await isProgram(file)))
        return { fault: await notRunnable(file) };
    const answer = await run({ ...options, file, args: [probeFile] });
    const facts = readAnswer(answer.stdout);
    if (facts !== null && answer.code === 0)
        return { facts: { ...facts, executable: facts.executable || file } };
    const broken = (text) => ({ fault: { kind: 'broken', text } });
    if (answer.timedOut)
        return broken(`did not answer within ${options.limitMs / 1000} s.`);
    if (answer.startError !== null)
        return broken(`cannot be started (${answer.startError}).`);
    const said = answer.stderr.trim() || answer.stdout.trim();
    // Python names its reason in a line such as `ImportError: ...` below much else; a shell's or a shim's complaint begins with it.
    const lines = said.split(/\r?\n/);
    const line = (lines.findLast((text) => /^\w+(Error|Exception)\b/.test(text)) ?? lines[0])?.trim().slice(0, 300);
    const quoted = line ? `: ${line.replace(/\.?$/, '.')}` : '.';
    if (noSuchCommand.has(answer.code))
        return { fault: { kind: 'absent', text: `leads to no Python${quoted}` } };
    if (answer.code === null)
        return broken(`was ended by a signal${quoted}`);
    if (answer.code !== 0)
        return broken(`failed with exit status ${answer.code}${quoted}`);
    return broken(line ? `is not a Python; it printed${quoted}` : 'is not a Python.');
}

;// CONCATENATED MODULE: ./.build/src/runner/interpreter.js






/** The name that stands for "whatever Python there is". */
const defaultName = 'python';
const interpreter_limitMs = 20_000;
function fail(problem) {
    throw new Failure(2, [problem]);
}
/** Short list of the Pythons that could be named instead. */
async function alternatives(environment) {
    const there = await pythonsOnPath(environment);
    if (there.length === 0)
        return `There is no Python on PATH (${searchPath(environment).join(external_node_path_.delimiter)}).`;
    const rest = there.length > 8 ? ` and ${there.length - 8} more` : '';
    return `On PATH there are: ${there.slice(0, 8).join(', ')}${rest}.`;
}
/** Candidates in order: a path as it is, a name as PATH has it; the default also under its other names. */
async function candidates(python, environment) {
    if (/[/\\]/.test(python))
        return [external_node_path_.resolve(python)];
    const names = python !== defaultName ? [python] : ['python', 'python3', ...(process.platform === 'win32' ? ['py'] : [])];
    const found = await Promise.all(names.map((name) => findProgram(name, environment)));
    return found.filter((file) => file !== null);
}
async function probeBase({ python, environment, signal }) {
    const faults = [];
    for (const file of await candidates(python, environment)) {
        const result = await probe_probe(file, { environment, limitMs: interpreter_limitMs, signal });
        if ('facts' in result)
            return result.facts;
        faults.push({ file, fault: result.fault });
        if (result.fault.kind !== 'absent')
            break;
    }
    const absent = `\`${python}\` is not on PATH.`;
    const what = faults.length === 0 ? absent : faults.map(({ file, fault }) => `${file} ${fault.text}`).join(' ');
    const inFolder = faults.some(({ fault }) => fault.kind === 'folder')
        ? `, such as ${venvPython(external_node_path_.resolve(python))}`
        : '';
    return fail({
        where: 'python',
        what: `${what} ${await alternatives(environment)}`,
        remedy: `Set \`python\` to the name or the full path of a working interpreter${inFolder}.`,
    });
}
/** Where a virtual environment keeps its interpreter. */
function venvPython(venv) {
    return process.platform === 'win32' ? external_node_path_.join(venv, 'Scripts', 'python.exe') : external_node_path_.join(venv, 'bin', 'python');
}
const exists = (file) => (0,promises_.lstat)(file).then(() => true, () => false);
async function probeVenv(venv, { environment, signal }) {
    const file = venvPython(venv);
    if (!(await exists(file)) && !(await exists(external_node_path_.join(venv, 'pyvenv.cfg'))))
        return null;
    const result = await probe_probe(file, { environment, limitMs: interpreter_limitMs, signal });
    if ('facts' in result)
        return result.facts;
    return fail({
        where: 'venv',
        what: `${venv} is a virtual environment that does not work: ${file} ${result.fault.text}`,
        remedy: 'Remove that folder, so that it is made anew, or name another one.',
    });
}
const minor = (version) => version.split('.').slice(0, 2).join('.');
const real = (folder) => (0,promises_.realpath)(folder).catch(() => folder);
/** The rule that an existing environment belongs to the Python that the user names; null where it does. */
async function mismatch(venv, made, named) {
    const kind = (facts) => [facts.implementation, minor(facts.version), facts.freeThreaded].join();
    const sameBase = (await real(made.basePrefix)) === (await real(named.basePrefix));
    if (kind(made) === kind(named) && sameBase)
        return null;
    return {
        where: 'venv',
        what: `${venv} was made for Python ${made.version} (${made.basePrefix}), ` +
            `but \`python\` is ${named.version} (${named.basePrefix}).`,
        remedy: 'Remove that folder, name another one, or leave `python` out to use the environment as it is.',
    };
}
/**
 * The Python that PaddlePaddle is for: the venv's where it exists, else the one that is named. An unsuitable one (Python 2.7, PyPy,
 * 32 bit) is an answer, for the plan to refuse.
 * Throws Failure(2) where there is no working interpreter, or the venv was made for another one than `python` names.
 */
async function probeInterpreter(options) {
    const { venv, python } = options;
    const made = venv === null ? null : await probeVenv(venv, options);
    const named = made !== null && python === defaultName ? null : await probeBase(options);
    if (venv !== null && made !== null && named !== null) {
        const problem = await mismatch(venv, made, named);
        if (problem !== null)
            fail(problem);
    }
    const facts = made ?? named;
    if (facts === null)
        throw new Error('Neither the environment nor the interpreter was probed.');
    return { ...facts, tags: compatibleTags(facts) };
}

;// CONCATENATED MODULE: ./.build/src/runner/network.js



/** A setting of pip under the name by which the user set it. */
function pipSetting(settings, name) {
    const found = settings[name];
    if (found === undefined)
        return [];
    const setting = found.origin === 'environment' ? `PIP_${name.toUpperCase()}` : `\`${name}\` in ${found.origin}`;
    return [{ setting, value: found.value }];
}
/** A variable by its lower-case name, which curl and Python prefer, or its upper-case one; empty ones switch the setting off. */
function variable(environment, name) {
    const setting = [name, name.toUpperCase()].find((spelling) => environment[spelling] !== undefined);
    return setting === undefined ? [] : [{ setting, value: (environment[setting] ?? '').trim() }];
}
/** The proxy's address with its scheme, or null where the value is none. A value without a scheme is an http proxy, as everywhere. */
function proxyAddress(value) {
    const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
    const url = URL.canParse(text) ? new URL(text) : null;
    if (url === null || !/^https?:$/.test(url.protocol) || url.hostname === '')
        return null;
    return url.href.replace(/\/$/, '');
}
/**
 * Proxies as the user's settings name them. pip's own setting comes first, since it is known to reach indexes; then the variable of
 * the scheme, then ALL_PROXY. Pure; what is wrong is in `problems`, every value masked.
 */
function readProxies(environment, pipSettings) {
    const problems = new Map();
    const notices = [];
    const first = (choices) => {
        const chosen = choices[0];
        if (chosen === undefined || chosen.value === '')
            return null;
        const address = proxyAddress(chosen.value);
        if (address === null) {
            // Everything up to the last @ may be a password.
            const shown = chosen.value.replace(/^.*@/s, '***@');
            problems.set(chosen.setting, {
                where: chosen.setting,
                what: `\`${shown}\` is not the address of an http or https proxy.`,
                remedy: 'Write http://HOST:PORT or http://USER:PASSWORD@HOST:PORT, special characters in the password as %XX, or unset it.',
            });
        }
        return address;
    };
    const pip = pipSetting(pipSettings, 'proxy');
    const all = variable(environment, 'all_proxy');
    let http = variable(environment, 'http_proxy');
    // In a CGI program HTTP_PROXY is the client's `Proxy:` header (httpoxy.org); uv, pip and curl pass it over likewise.
    if (http[0]?.setting === 'HTTP_PROXY' && environment['REQUEST_METHOD'] !== undefined) {
        http = [];
        const text = 'HTTP_PROXY is not used because REQUEST_METHOD is set, as in a CGI program. Unset it, or set http_proxy.';
        notices.push({ id: 'http-proxy-ignored', text });
    }
    const httpsProxy = first([...pip, ...variable(environment, 'https_proxy'), ...all]);
    const httpProxy = first([...pip, ...http, ...all]);
    const noProxy = variable(environment, 'no_proxy').flatMap(({ value }) => value.split(/[\s,]+/).filter(Boolean));
    return { httpsProxy, httpProxy, noProxy, problems: [...problems.values()], notices };
}
/** Folders whose certificates are in the system's own bundle, which is trusted anyway; reading them one by one would add nothing. */
const systemFolders = new Set([
    '/etc/ssl/certs',
    '/etc/pki/tls/certs',
    '/etc/ssl',
    '/usr/lib/ssl/certs',
]);
/** The files of a certificate folder as OpenSSL reads one: named by the subject's hash (`5ed36f99.0`). */
async function folderFiles(folder) {
    if (systemFolders.has(folder.replace(/\/+$/, '')))
        return [];
    const names = (await (0,promises_.readdir)(folder).catch(() => [])).filter((name) => /^[0-9a-f]{8}\.\d+$/.test(name)).sort();
    return names.map((name) => external_node_path_.join(folder, name));
}
async function readCaFiles(environment, pipSettings) {
    const variables = ['REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE', 'SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_DIR'];
    const named = [
        ...pipSetting(pipSettings, 'cert'),
        ...variables.flatMap((setting) => (environment[setting] ?? '')
            .split(setting === 'SSL_CERT_DIR' ? external_node_path_.delimiter : '\0')
            .map((value) => ({ setting, value: value.trim() }))),
    ].filter(({ value }) => value !== '');
    const caFiles = new Map();
    const notices = [];
    for (const { setting, value } of named) {
        const info = await (0,promises_.stat)(value).catch(() => null);
        if (info === null) {
            const text = `${setting} names ${value}, which does not exist; it is left out. Correct or unset it.`;
            notices.push({ id: `ca-missing-${setting}`, text });
            continue;
        }
        const files = info.isDirectory() ? await folderFiles(value) : [value];
        for (const file of files) {
            const target = await (0,promises_.realpath)(file).catch(() => null);
            if (target !== null && !caFiles.has(target))
                caFiles.set(target, { path: external_node_path_.resolve(file), setting });
        }
    }
    return { caFiles: [...caFiles.values()], notices };
}
/**
 * The proxies and CA files that the user's settings name (environment and pip's configuration). A named CA file that is missing is a
 * notice. Throws Failure(2) naming every setting that holds no proxy address.
 */
async function inspectNetwork(environment, pipSettings) {
    const { problems, notices, ...proxies } = readProxies(environment, pipSettings);
    if (problems.length > 0)
        throw new Failure(2, problems);
    const { caFiles, notices: caNotices } = await readCaFiles(environment, pipSettings);
    return { network: { ...proxies, caFiles }, notices: [...notices, ...caNotices] };
}

;// CONCATENATED MODULE: ./.build/src/runner/official-index.js




const mostTries = 6;
const official_index_limitMs = 3_000;
/** Every `parent/*` for each parent that can be read. */
async function children(parents) {
    const lists = await Promise.all(parents.map(async (parent) => (await (0,promises_.readdir)(parent).catch(() => [])).map((name) => external_node_path_.join(parent, name))));
    return lists.flat();
}
/** Pythons that are installed without being on PATH: pyenv's versions and the tool cache of a job (`Python/VERSION/ARCH`). */
async function pythonsElsewhere(environment) {
    const pyenv = environment['PYENV_ROOT'] ?? external_node_path_.join(environment['HOME'] ?? external_node_path_.sep, '.pyenv');
    const toolCache = environment['RUNNER_TOOL_CACHE'];
    const cached = toolCache === undefined ? [] : await children(await children([external_node_path_.join(toolCache, 'Python')]));
    const prefixes = [...(await children([external_node_path_.join(pyenv, 'versions')])), ...cached];
    return prefixes.map((prefix) => process.platform === 'win32' ? external_node_path_.join(prefix, 'python.exe') : external_node_path_.join(prefix, 'bin', 'python3'));
}
/**
 * Address of the official index as some other Python of this machine knows it, for an interpreter that has neither pip nor ensurepip,
 * nor a base that has. At most six are asked, 3 s each. Null where none knows. Throws the reason of an aborted signal.
 */
async function findOfficialIndex(options) {
    const { environment, signal } = options;
    const asked = new Set();
    for (const file of [...(await pythonsOnPath(environment)), ...(await pythonsElsewhere(environment))]) {
        if (asked.size === mostTries)
            break;
        if (!(await isProgram(file)))
            continue;
        const target = await (0,promises_.realpath)(file);
        if (asked.has(target))
            continue;
        asked.add(target);
        const result = await probe_probe(file, { environment, limitMs: official_index_limitMs, signal });
        if ('facts' in result && result.facts.officialIndex !== null)
            return result.facts.officialIndex;
    }
    return null;
}

;// CONCATENATED MODULE: ./.build/src/runner/platform.js




/** The operating system. Throws Failure(2) on one that no wheel of PaddlePaddle is built for. */
function operatingSystem(platform) {
    if (platform === 'linux' || platform === 'darwin' || platform === 'win32')
        return platform;
    throw new Failure(2, [
        {
            where: 'machine',
            what: `There is no PaddlePaddle for the operating system ${platform}.`,
            remedy: 'Run on Linux, macOS or Windows.',
        },
    ]);
}
/** Whose machine it is, from the variables of GitHub's runner. */
function hostKind(environment) {
    if (environment['GITHUB_ACTIONS'] !== 'true')
        return 'shell';
    return environment['RUNNER_ENVIRONMENT'] === 'github-hosted' ? 'github-hosted' : 'self-hosted';
}
/** Flags of the first processor in `/proc/cpuinfo` (`flags` on x86, `Features` on Arm), in lower case; null where it has no such line. */
function parseCpuinfo(text) {
    const line = /^(?:flags|Features)[ \t]*:[ \t]*(\S.*)$/m.exec(text)?.[1];
    return line === undefined ? null : line.toLowerCase().trim().split(/\s+/);
}
/** Flags of the processor in lower case; null where the system does not tell (Windows, macOS on Arm). */
async function cpuFlags(os, options) {
    if (os === 'linux')
        return parseCpuinfo(await (0,promises_.readFile)('/proc/cpuinfo', 'utf8').catch(() => ''));
    const sysctl = os === 'darwin' ? await findProgram('sysctl', options.environment) : null;
    if (sysctl === null)
        return null;
    const names = ['machdep.cpu.features', 'machdep.cpu.leaf7_features'];
    const answer = await run({ ...options, file: sysctl, args: ['-n', ...names], limitMs: 5_000 });
    const flags = answer.stdout.toLowerCase().split(/\s+/).filter(Boolean);
    // macOS writes AVX1.0 where Linux writes avx.
    return flags.length === 0 ? null : flags.map((flag) => (flag === 'avx1.0' ? 'avx' : flag));
}

;// CONCATENATED MODULE: ./.build/src/runner/runner.js






/** The C library that wheels are chosen for is the interpreter's, whatever Node was built with. */
function libc({ glibc, musl }) {
    if (glibc !== null)
        return { kind: 'glibc', version: glibc };
    return musl === null ? null : { kind: 'musl', version: musl };
}
/** A wrong interpreter must not hide a wrong proxy: both are told at once. */
async function both(first, second) {
    const problems = [];
    const collect = (error) => {
        if (!(error instanceof Failure))
            throw error;
        problems.push(error);
        return null;
    };
    const a = await first.catch(collect);
    const b = await second(a).catch(collect);
    if (a === null || b === null) {
        throw new Failure(2, problems.flatMap((failure) => failure.problems), { cause: problems[0] });
    }
    return [a, b];
}
/**
 * What the machine is. Everything is asked at once; a probe that fails or hangs gives less, only the interpreter and the proxy settings
 * can be wrong. Throws Failure(2) with all that is, or the reason of the aborted signal.
 */
async function inspectRunner(request, environment, signal) {
    const os = operatingSystem(process.platform);
    const options = { environment, signal };
    const [[found, { network, notices }], accelerators, flags] = await Promise.all([
        both(probeInterpreter({ ...request, ...options }), (interpreter) => inspectNetwork(environment, interpreter?.pipSettings ?? {})),
        inspectAccelerators(options),
        cpuFlags(os, options),
    ]);
    const officialIndex = found.officialIndex ?? (await findOfficialIndex(options));
    const interpreter = { ...found, officialIndex };
    const pipNotices = found.pipProblems.map((text) => ({
        id: `pip-configuration-${text}`,
        text: `pip's configuration file cannot be read and is left out: ${text}. pip itself stops at it; correct it.`,
    }));
    return {
        runner: {
            os,
            arch: process.arch,
            libc: libc(found),
            cpuFlags: flags,
            host: hostKind(environment),
            accelerators,
            network,
            interpreter,
        },
        notices: [...notices, ...pipNotices],
    };
}

;// CONCATENATED MODULE: ./.build/src/store/choose.js

/** The user's own cache folder by platform: XDG base directories, Apple's and Microsoft's guidelines. */
function userCacheFolder(os, environment, home) {
    if (os === 'win32')
        return environment['LOCALAPPDATA'] ?? external_node_path_.win32.join(home, 'AppData', 'Local');
    if (os === 'darwin')
        return external_node_path_.posix.join(home, 'Library', 'Caches');
    const xdg = environment['XDG_CACHE_HOME'];
    return xdg !== undefined && external_node_path_.posix.isAbsolute(xdg) ? xdg : external_node_path_.posix.join(home, '.cache');
}
/**
 * The folder that keeps what outlives a run. In a job: the runner's tool cache, which a self-hosted runner keeps on the file system
 * of its workspace (there uv links instead of copying) and which `RUNNER_TEMP`'s emptying leaves alone; in a shell the user's cache folder.
 */
function keptFolder(os, environment, home) {
    const base = environment['RUNNER_TOOL_CACHE'] || userCacheFolder(os, environment, home);
    return (os === 'win32' ? external_node_path_.win32 : external_node_path_.posix).join(base, 'paddle-mirror-setup');
}
/** `auto` is GitHub's cache on GitHub's own machines, and a folder everywhere else: from there GitHub's cache is slower than a mirror. */
function chooseStore(options) {
    const folder = options.cachePath ?? options.kept;
    if (options.wish === 'off')
        return { kind: 'off', folder: null, reason: 'cache: off' };
    if (options.wish !== 'auto')
        return { kind: options.wish, folder, reason: `cache: ${options.wish}` };
    return options.host === 'github-hosted'
        ? { kind: 'github', folder, reason: 'auto: a GitHub-hosted machine keeps nothing itself' }
        : {
            kind: 'directory',
            folder,
            reason: `auto: ${options.host === 'shell' ? 'a shell' : 'a self-hosted runner'} keeps its own folder`,
        };
}

;// CONCATENATED MODULE: ./.build/src/pipeline/prepare.js







function runnerStory(runner) {
    const { accelerators, interpreter } = runner;
    return {
        os: runner.os,
        arch: runner.arch,
        libc: runner.libc === null ? null : `${runner.libc.kind} ${runner.libc.version}`,
        host: runner.host,
        gpus: accelerators.gpus.map((gpu) => gpu.name),
        driver: accelerators.nvidiaDriver,
        python: interpreter.executable,
        pythonVersion: interpreter.version,
    };
}
/** A proxy's address may hold a password. */
function maskProxies({ network }, log) {
    for (const proxy of [network.httpProxy, network.httpsProxy]) {
        const { username = '', password = '' } = proxy === null ? {} : new URL(proxy);
        for (const secret of [username, password, decodeURIComponent(username), decodeURIComponent(password)]) {
            if (secret !== '')
                log.mask(secret);
        }
    }
}
/** Looks at the machine and drafts the plan: every refusal that needs no index is made here. Changes nothing. */
async function prepare(run) {
    const { request, context, story, deadline } = run;
    const { runner, notices } = await context.timeline.step('Look at the machine', () => inspectRunner(request, context.environment, deadline.signal));
    maskProxies(runner, context.log);
    story.runner = runnerStory(runner);
    tell(run, notices);
    tell(run, request.requirements.notices.map((text) => ({ id: text, text })));
    const draft = plan_draft(request, runner);
    tell(run, draft.notices);
    const { pylock } = request.requirements;
    const lockText = pylock === null ? null : await (0,promises_.readFile)(pylock, 'utf8');
    const { key, anatomy } = cacheKey(draft, runner, requirementsDigest(request.requirements, lockText));
    const choice = chooseStore({
        wish: request.cache,
        cachePath: request.cachePath,
        host: runner.host,
        kept: keptFolder(runner.os, context.environment, context.home),
    });
    return { runner, draft, key, anatomy, choice };
}

;// CONCATENATED MODULE: ./.build/src/values/store.js

/** A file whose bytes are not those its hash names; what was handed out of it must not be used. */
class WrongBytes extends Error {
    filename;
    /** SHA-256 in lower-case hex; `actual` is null where the difference was seen before the whole was there. */
    expected;
    actual;
    constructor(filename, expected, actual) {
        super(`${filename}: sha256 is ${actual ?? 'another one'}, not ${expected}`);
        this.name = 'WrongBytes';
        this.filename = filename;
        this.expected = expected;
        this.actual = actual;
    }
}
/** The Failure (1) of a disk without room: what is needed and what is free, in bytes. */
class DiskFull extends Failure {
    constructor(folder, needed, free, options) {
        const problem = {
            where: folder,
            what: `The disk is full: ${mebibytes(needed)} MiB are needed, ${mebibytes(free)} MiB are free.`,
            remedy: 'Free some space, or set `cache-path` to a folder on a larger disk.',
        };
        super(1, [problem], options);
        this.name = 'DiskFull';
    }
}
function mebibytes(bytes) {
    return (bytes / 2 ** 20).toFixed(1);
}

;// CONCATENATED MODULE: ./.build/src/values/system-error.js
/** Code of a system error (`ENOENT`, `ENOSPC`), or null for anything else. */
function errorCode(error) {
    return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
        ? error.code
        : null;
}

;// CONCATENATED MODULE: ./.build/src/store/atomic.js





/**
 * Replaces a file in one step: readers see the old content or the new one. `flushed`: also after a power cut; without it the file may
 * then be empty. Throws DiskFull.
 */
async function writeAtomic(path, content, flushed = true) {
    const temporary = (0,external_node_path_.join)((0,external_node_path_.dirname)(path), `.${(0,external_node_crypto_.randomBytes)(6).toString('hex')}.tmp`);
    try {
        const handle = await (0,promises_.open)(temporary, 'wx');
        try {
            await handle.writeFile(content);
            if (flushed) {
                await handle.datasync();
            }
        }
        finally {
            await handle.close();
        }
        await (0,promises_.rename)(temporary, path);
    }
    catch (error) {
        await (0,promises_.rm)(temporary, { force: true });
        throw await explainFull(error, (0,external_node_path_.dirname)(path), Buffer.byteLength(content));
    }
}
/** A kept file's text with its age, or null where there is none. */
async function readKept(path) {
    try {
        const handle = await (0,promises_.open)(path, 'r');
        try {
            const { mtimeMs } = await handle.stat();
            return { value: await handle.readFile('utf8'), ageMs: Math.max(0, Date.now() - mtimeMs) };
        }
        finally {
            await handle.close();
        }
    }
    catch (error) {
        if (errorCode(error) === 'ENOENT') {
            return null;
        }
        throw error;
    }
}
/** Bytes free for this user at `folder`. */
async function freeBytes(folder) {
    const { bavail, bsize } = await (0,promises_.statfs)(folder);
    return bavail * bsize;
}
/** The size of a regular file in bytes, or null where there is none. */
async function fileSize(path) {
    try {
        const found = await (0,promises_.stat)(path);
        return found.isFile() ? found.size : null;
    }
    catch (error) {
        if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') {
            return null;
        }
        throw error;
    }
}
/** Turns "no space left" (ENOSPC, EDQUOT) into its Failure; any other error comes back as it is. */
async function explainFull(error, folder, needed) {
    const code = errorCode(error);
    const full = code === 'ENOSPC' || code === 'EDQUOT';
    return full ? new DiskFull(folder, needed, await freeBytes(folder), { cause: error }) : error;
}

;// CONCATENATED MODULE: ./.build/src/store/partial.js






/** A holder that has given no sign for this long (ms) is taken for dead. */
const SILENT_MS = 20_000;
/**
 * Takes the place `folder` for an unfinished file: `data` (the bytes), `record.json` (what is known about them) and `lock` (who holds it).
 * Returns null while another living process holds it.
 */
async function openPartial(folder) {
    await (0,promises_.mkdir)(folder, { recursive: true });
    const lock = (0,external_node_path_.join)(folder, 'lock');
    const token = `${process.pid} ${(0,external_node_os_.hostname)()} ${(0,external_node_crypto_.randomBytes)(8).toString('hex')}`;
    if (!(await takeLock(lock, token))) {
        return null;
    }
    const path = (0,external_node_path_.join)(folder, 'data');
    const recordPath = (0,external_node_path_.join)(folder, 'record.json');
    const record = (await fileSize(path)) === null ? null : await readRecord(recordPath);
    if (record === null) {
        await (0,promises_.writeFile)(path, '');
    }
    const ours = async () => (await partial_readText(lock)) === token;
    return {
        path,
        record,
        save: async (value) => {
            await writeAtomic(recordPath, JSON.stringify(value), false);
            const now = new Date();
            await (0,promises_.utimes)(lock, now, now);
        },
        release: async () => {
            if (await ours()) {
                await (0,promises_.rm)(lock, { force: true });
            }
        },
        discard: async () => {
            if (await ours()) {
                await (0,promises_.rm)(folder, { recursive: true, force: true });
            }
        },
    };
}
async function takeLock(lock, token) {
    for (let attempt = 0; attempt < 3; attempt += 1) {
        try {
            await (0,promises_.writeFile)(lock, token, { flag: 'wx' });
            return true;
        }
        catch (error) {
            if (errorCode(error) !== 'EEXIST') {
                throw error;
            }
        }
        if (await isHeld(lock)) {
            return false;
        }
        // Moved away before it is removed: of two processes that find a dead holder only one can move its lock.
        const dead = `${lock}.${(0,external_node_crypto_.randomBytes)(6).toString('hex')}`;
        try {
            await (0,promises_.rename)(lock, dead);
            await (0,promises_.rm)(dead, { force: true });
        }
        catch (error) {
            if (errorCode(error) !== 'ENOENT') {
                throw error;
            }
        }
    }
    return false;
}
async function isHeld(lock) {
    const text = await partial_readText(lock);
    if (text === null) {
        return false;
    }
    const [pid, host] = text.split(' ');
    if (host === (0,external_node_os_.hostname)() && !isAlive(Number(pid))) {
        return false;
    }
    const found = await (0,promises_.stat)(lock).catch((error) => {
        if (errorCode(error) === 'ENOENT') {
            return null;
        }
        throw error;
    });
    return found !== null && Date.now() - found.mtimeMs < SILENT_MS;
}
function isAlive(pid) {
    try {
        process.kill(pid, 0);
        return true;
    }
    catch (error) {
        // EPERM: it lives, as another user's.
        return errorCode(error) === 'EPERM';
    }
}
async function partial_readText(path) {
    try {
        return await (0,promises_.readFile)(path, 'utf8');
    }
    catch (error) {
        if (errorCode(error) === 'ENOENT') {
            return null;
        }
        throw error;
    }
}
async function readRecord(path) {
    const text = await partial_readText(path);
    try {
        return text === null ? null : JSON.parse(text);
    }
    catch {
        // Half-written by a power cut: the bytes are of no use without their record.
        return null;
    }
}

;// CONCATENATED MODULE: ./.build/src/store/directory.js









/** Bytes read from the disk at a time. */
const PIECE = 2 ** 18;
/**
 * Opens (and makes) the store at `root`: `wheels/<aa>/<sha256>/<filename>`, `locks/<key>/pylock.toml`, `tools/`, `uv/`, `kept/`,
 * `metadata/`, `partial/`, `staging/`. Throws Failure (2) naming `cache-path` when the folder can't be made or written.
 */
async function openDirectoryStore(root) {
    const at = (...names) => (0,external_node_path_.join)((0,external_node_path_.resolve)(root), ...names);
    await directory_prepare((0,external_node_path_.resolve)(root));
    const blob = (sha256, filename) => at('wheels', sha256.slice(0, 2), plain(sha256), plain(filename));
    const metadata = (sha256) => at('metadata', sha256.slice(0, 2), plain(sha256));
    const drop = async (file) => {
        await (0,promises_.rm)(file.path, { force: true });
    };
    return {
        root: (0,external_node_path_.resolve)(root),
        folders: { wheels: at('wheels'), tools: at('tools'), uv: at('uv'), locks: at('locks'), staging: at('staging') },
        find: async (sha256, filename) => {
            const path = blob(sha256, filename);
            const size = await fileSize(path);
            return size === null ? null : { path, sha256, size };
        },
        read: (file, from, signal) => readChecked(file, from, signal, drop),
        check: async (file) => {
            const right = (await hashFile(file.path)) === file.sha256;
            if (!right) {
                await drop(file);
            }
            return right;
        },
        admit: async (path, { sha256, filename }, proof) => {
            if (proof === 'unchecked') {
                const actual = await hashFile(path);
                if (actual !== sha256) {
                    throw new WrongBytes(filename, sha256, actual);
                }
            }
            const target = blob(sha256, filename);
            await (0,promises_.mkdir)((0,external_node_path_.dirname)(target), { recursive: true });
            await flush(path);
            await (0,promises_.chmod)(path, 0o444);
            await (0,promises_.rename)(path, target);
            return { path: target, sha256, size: (await fileSize(target)) ?? 0 };
        },
        drop,
        readLock: (key) => readKept(at('locks', plain(key), 'pylock.toml')),
        writeLock: async (key, text) => {
            const path = at('locks', plain(key), 'pylock.toml');
            await (0,promises_.mkdir)((0,external_node_path_.dirname)(path), { recursive: true });
            await writeAtomic(path, text);
            return path;
        },
        readFact: async (name) => {
            const kept = await readKept(at('kept', `${plain(name)}.json`));
            try {
                return kept === null ? null : { value: JSON.parse(kept.value), ageMs: kept.ageMs };
            }
            catch {
                // A damaged fact is a missing one: it is measured again.
                return null;
            }
        },
        writeFact: (name, value) => writeAtomic(at('kept', `${plain(name)}.json`), JSON.stringify(value)),
        readMetadata: async (sha256) => {
            const size = await fileSize(metadata(sha256));
            return size === null ? null : openSealed(await (0,promises_.readFile)(metadata(sha256)));
        },
        writeMetadata: async (sha256, text) => {
            await (0,promises_.mkdir)((0,external_node_path_.dirname)(metadata(sha256)), { recursive: true });
            await writeAtomic(metadata(sha256), Buffer.concat([(0,external_node_crypto_.createHash)('sha256').update(text).digest(), text]));
        },
        partial: (key) => openPartial(at('partial', plain(key))),
        free: () => freeBytes((0,external_node_path_.resolve)(root)),
        explain: (error, needed) => explainFull(error, (0,external_node_path_.resolve)(root), needed),
    };
}
/** Makes a folder and those above it. Node's own recursive `mkdir` tries for ever where a folder can hold none (`/proc`). */
async function makeFolder(folder) {
    try {
        await (0,promises_.mkdir)(folder);
    }
    catch (error) {
        if (errorCode(error) === 'EEXIST') {
            return;
        }
        if (errorCode(error) !== 'ENOENT' || (0,external_node_fs_.existsSync)((0,external_node_path_.dirname)(folder))) {
            throw error;
        }
        await makeFolder((0,external_node_path_.dirname)(folder));
        await makeFolder(folder);
    }
}
async function directory_prepare(root) {
    try {
        await makeFolder((0,external_node_path_.resolve)(root));
        for (const name of ['wheels', 'locks', 'tools', 'uv', 'kept', 'metadata', 'partial', 'staging']) {
            await (0,promises_.mkdir)((0,external_node_path_.join)(root, name), { recursive: true });
        }
        await writeAtomic((0,external_node_path_.join)(root, 'kept', 'store.json'), '{"layout":1}');
    }
    catch (error) {
        if (error instanceof Failure) {
            throw error;
        }
        const problem = {
            where: 'cache-path',
            what: `The cache folder ${root} can't be written (${errorCode(error) ?? String(error)}).`,
            remedy: 'Name a folder that this user may write, or set `cache: off`.',
        };
        throw new Failure(2, [problem], { cause: error });
    }
}
/** A name that stays inside its folder. Throws TypeError on anything else: callers hand over checked names. */
function plain(name) {
    if (!/^[A-Za-z0-9_][A-Za-z0-9._+!-]{0,254}$/.test(name)) {
        throw new TypeError(`not a plain name: ${JSON.stringify(name)}`);
    }
    return name;
}
async function* readChecked(file, from, signal, drop) {
    const hash = (0,external_node_crypto_.createHash)('sha256');
    const handle = await (0,promises_.open)(file.path, 'r');
    try {
        let position = 0;
        let held = null;
        for (;;) {
            signal.throwIfAborted();
            const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(PIECE), 0, PIECE, position);
            if (bytesRead === 0) {
                break;
            }
            const piece = buffer.subarray(0, bytesRead);
            hash.update(piece);
            if (held !== null) {
                yield held;
            }
            held = position + bytesRead > from ? piece.subarray(Math.max(0, from - position)) : null;
            position += bytesRead;
        }
        const actual = hash.digest('hex');
        if (actual !== file.sha256) {
            await drop(file);
            throw new WrongBytes(file.path, file.sha256, actual);
        }
        if (held !== null) {
            yield held;
        }
    }
    finally {
        await handle.close();
    }
}
async function hashFile(path) {
    const hash = (0,external_node_crypto_.createHash)('sha256');
    const handle = await (0,promises_.open)(path, 'r');
    try {
        const buffer = Buffer.allocUnsafe(PIECE * 4);
        for (let position = 0;;) {
            const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
            if (bytesRead === 0) {
                return hash.digest('hex');
            }
            hash.update(buffer.subarray(0, bytesRead));
            position += bytesRead;
        }
    }
    finally {
        await handle.close();
    }
}
async function flush(path) {
    const handle = await (0,promises_.open)(path, 'r+');
    try {
        await handle.datasync();
    }
    finally {
        await handle.close();
    }
}
/** The text behind its own digest, or null where they don't match. */
function openSealed(sealed) {
    const text = sealed.subarray(32);
    return sealed.length > 32 && (0,external_node_crypto_.createHash)('sha256').update(text).digest().equals(sealed.subarray(0, 32)) ? text : null;
}

;// CONCATENATED MODULE: ./.build/src/store/github.js




// @actions/cache has no limit of its own that helps: a service that accepts and never answers was seen to hold a job for 15 minutes.
const defaultLimits = { lookUp: 20_000, restore: 180_000, save: 300_000 };
/** One folder whose path is part of an entry's identity, so it is the same in every job of a machine. */
function stagingFolder(store) {
    return external_node_path_.join(store.folders.staging, 'github');
}
async function limited(promise, ms, signal) {
    let timer;
    let stop;
    const late = new Promise((resolve) => {
        timer = setTimeout(() => resolve('late'), ms);
        stop = () => resolve('late');
        signal.addEventListener('abort', stop, { once: true });
        if (signal.aborted)
            stop();
    });
    // The call can't be stopped; its late failure must not end the process.
    promise.catch(() => 'late');
    try {
        return await Promise.race([promise, late]);
    }
    finally {
        clearTimeout(timer);
        if (stop !== undefined)
            signal.removeEventListener('abort', stop);
    }
}
function late(what, ms, signal) {
    return signal.aborted ? `${what} before the run was stopped.` : `${what} within ${ms / 1000} s.`;
}
/** Name of the entry for one lock: the key, then a digest of which files it names; entries can't be changed once saved. */
function entryName(lock) {
    const files = lock.files.map((file) => file.sha256).sort();
    return `${lock.key}-${(0,external_node_crypto_.createHash)('sha256').update(files.join()).digest('hex').slice(0, 12)}`;
}
async function github_children(folder) {
    const names = await (0,promises_.readdir)(folder).catch((error) => {
        if (error.code === 'ENOENT' || error.code === 'ENOTDIR')
            return [];
        throw error;
    });
    return names.map((name) => external_node_path_.join(folder, name));
}
/** Moves what arrived into the store, each file hashed first; a wrong one costs its download, nothing more. */
async function takeIn(staging, key, store, log) {
    let taken = 0;
    for (const folder of await github_children(external_node_path_.join(staging, 'wheels'))) {
        for (const file of await github_children(folder)) {
            const named = { sha256: external_node_path_.basename(folder), filename: external_node_path_.basename(file) };
            try {
                // A link would have the store hold, and change, whatever it points to.
                if (!(await (0,promises_.lstat)(file)).isFile())
                    throw new WrongBytes(named.filename, named.sha256, null);
                // Archived read-only, as the store keeps it; an ordinary user could not flush it to the disk.
                await (0,promises_.chmod)(file, 0o644);
                await store.admit(file, named, 'unchecked');
                taken += 1;
            }
            catch (error) {
                if (!(error instanceof WrongBytes))
                    throw error;
                log.warn({
                    id: `github-cache-wrong-${named.filename}`,
                    text: `GitHub's cache held wrong bytes for ${named.filename}; they were dropped, and the file is downloaded.`,
                });
            }
        }
    }
    const lock = await (0,promises_.readFile)(external_node_path_.join(staging, 'pylock.toml'), 'utf8').catch((error) => {
        if (error.code === 'ENOENT')
            return null;
        throw error;
    });
    if (lock !== null)
        await store.writeLock(key, lock);
    return taken;
}
/**
 * Brings the newest entry of a key into the store: looked up, restored into a staging folder, every wheel hashed, then moved.
 * Gives the entry's name, or null where there was none, or none in time. Never fails: without the cache the files are downloaded.
 */
async function restoreFromGithub(options) {
    const { client, store, key, log, signal, limits = defaultLimits } = options;
    const skip = (why) => {
        log.info(`GitHub's cache is not used: ${why}`);
        return null;
    };
    if (!client.isFeatureAvailable())
        return skip('the cache service is not available to this job.');
    const staging = stagingFolder(store);
    const prefix = `${key}-`;
    await (0,promises_.rm)(staging, { recursive: true, force: true });
    try {
        const found = await limited(client.restoreCache([staging], prefix, [prefix], { lookupOnly: true }), limits.lookUp, signal);
        if (found === 'late')
            return skip(late('it did not answer', limits.lookUp, signal));
        if (found === undefined)
            return skip(`it gave no entry for ${key}.`);
        const restored = await limited(client.restoreCache([staging], prefix, [prefix]), limits.restore, signal);
        if (restored === 'late')
            return skip(late(`${found} did not arrive`, limits.restore, signal));
        if (restored === undefined)
            return skip(`${found} could not be restored.`);
        const taken = await takeIn(staging, key, store, log);
        log.info(`GitHub's cache had ${restored}: ${taken} files.`);
        return restored;
    }
    catch (error) {
        return skip(error instanceof Error ? error.message : String(error));
    }
    finally {
        await (0,promises_.rm)(staging, { recursive: true, force: true });
    }
}
async function stage(save, store, staging) {
    const lock = await store.readLock(save.key);
    if (lock === null)
        return 'the lock is gone.';
    for (const named of save.files) {
        const file = await store.find(named.sha256, named.filename);
        if (file === null)
            return `${named.filename} is no longer in the store.`;
        const folder = path.join(staging, 'wheels', named.sha256);
        await mkdir(folder, { recursive: true });
        const target = path.join(folder, named.filename);
        // A link costs no space; where the file system has none, a copy.
        await link(file.path, target).catch(() => copyFile(file.path, target));
    }
    await writeFile(path.join(staging, 'pylock.toml'), lock.value);
    return null;
}
/** Saves a lock's files as one entry. Never fails; says in a calm line why nothing was saved. */
async function saveToGithub(options) {
    const { client, store, save, log, signal, limits = defaultLimits } = options;
    const skip = (why) => {
        log.info(`Nothing was saved to GitHub's cache: ${why}`);
        return false;
    };
    if (!client.isFeatureAvailable())
        return skip('the cache service is not available to this job.');
    const staging = stagingFolder(store);
    await rm(staging, { recursive: true, force: true });
    try {
        const missing = await stage(save, store, staging);
        if (missing !== null)
            return skip(missing);
        const id = await limited(client.saveCache([staging], save.entry), limits.save, signal);
        if (id === 'late')
            return skip(late('it did not take the files', limits.save, signal));
        if (id < 0)
            return skip('the service refused, or another job has saved the same files.');
        log.info(`Saved ${save.files.length} files to GitHub's cache as ${save.entry}.`);
        return true;
    }
    catch (error) {
        return skip(error instanceof Error ? error.message : String(error));
    }
    finally {
        await rm(staging, { recursive: true, force: true });
    }
}

;// CONCATENATED MODULE: ./.build/src/pipeline/stock.js





const nothingToClose = () => Promise.resolve();
function isFolder(folder) {
    return (0,promises_.stat)(folder).then((found) => found.isDirectory(), () => false);
}
/**
 * The store where there may be something in it: its folder exists, or GitHub's cache is asked. Null where there is nothing yet, so that a
 * request without a solution leaves no folder behind.
 */
async function findStock({ context, deadline }, { choice, key }) {
    const { folder, kind } = choice;
    if (folder === null || (kind === 'directory' && !(await isFolder(folder))))
        return null;
    const store = await openDirectoryStore(folder);
    if (kind !== 'github')
        return { store, restored: null, close: nothingToClose };
    // The package is large and belongs to one of three stores: it is loaded only for that one.
    const client = await Promise.all(/* import() */[__nccwpck_require__.e(752), __nccwpck_require__.e(955), __nccwpck_require__.e(507), __nccwpck_require__.e(691)]).then(__nccwpck_require__.bind(__nccwpck_require__, 1691));
    const { log, timeline } = context;
    const restored = await timeline.step("Restore from GitHub's cache", () => restoreFromGithub({ client, store, key, log, signal: deadline.signal }));
    return { store, restored, close: nothingToClose };
}
/** Makes the store; with `cache: off` a temporary one. */
async function makeStock({ context }, { choice }) {
    if (choice.folder !== null) {
        return { store: await openDirectoryStore(choice.folder), restored: null, close: nothingToClose };
    }
    const base = context.environment['RUNNER_TEMP'] ?? (0,external_node_os_.tmpdir)();
    const folder = await (0,promises_.mkdtemp)(external_node_path_.join(base, 'paddle-mirror-setup-'));
    const store = await openDirectoryStore(folder);
    return { store, restored: null, close: () => (0,promises_.rm)(folder, { recursive: true, force: true }) };
}
/**
 * Writes into the story what the store already had of a lock. `kept`: the lock itself was kept. `arrived`: SHA-256 of the files that
 * resolving had to bring, so that they do not count as reused.
 */
async function tellCache({ story }, prepared, { store }, lock, kept, arrived) {
    const { choice, key, anatomy } = prepared;
    const found = await Promise.all(lock.files.map((file) => store.find(file.sha256, file.filename)));
    const there = found.filter((file) => file !== null && !arrived.has(file.sha256));
    story.cache = {
        store: choice.kind,
        reason: choice.reason,
        folder: choice.folder ?? '',
        key,
        anatomy,
        hit: kept && there.length === lock.files.length ? 'exact' : there.length > 0 ? 'partial' : 'miss',
        filesReused: there.length,
        bytesReused: there.reduce((sum, file) => sum + (file?.size ?? 0), 0),
        bytesDownloaded: 0,
    };
}
/** What post has to save: nothing where the very entry was restored, or where GitHub's cache is not used. */
function toSave({ choice }, { store, restored }, lock) {
    const entry = entryName(lock);
    if (choice.kind !== 'github' || restored === entry)
        return null;
    const fromIndexes = lock.files.filter((file) => file.hashOrigin !== 'local');
    const files = fromIndexes.map(({ sha256, filename }) => ({ sha256, filename }));
    return { folder: store.root, entry: { entry, key: lock.key, files } };
}

;// CONCATENATED MODULE: ./.build/src/commands/plan.js






/** What `setup` would install and where from, found out without changing anything; GitHub's cache is not asked. */
function plan(request, context) {
    return conclude('plan', request, context, async (run) => {
        const { story } = run;
        const prepared = await prepare(run);
        const { choice, key, anatomy, runner } = prepared;
        const local = choice.kind === 'github' ? { ...choice, kind: 'directory' } : choice;
        const known = await obtainLock(run, prepared, await findStock(run, { ...prepared, choice: local }));
        const desk = openDesk(run, runner, null);
        try {
            if (known === null)
                await choosePlan(run, prepared, desk.sources);
            else
                tellPlan(run, known.plan);
            const none = { filesReused: 0, bytesReused: 0, bytesDownloaded: 0 };
            const hit = known === null ? 'miss' : 'exact';
            story.cache = {
                store: choice.kind,
                reason: choice.reason,
                folder: choice.folder ?? '',
                key,
                anatomy,
                hit,
                ...none,
            };
            const used = desk.roster.filter(({ id }) => desk.sources.used().includes(id));
            story.sources = used.map(({ id, url, origin }) => ({
                id,
                url,
                origin,
                bytes: 0,
                faults: desk.sources.faults().filter(({ source }) => source === id),
            }));
            return looked;
        }
        finally {
            await desk.client.close();
        }
    });
}

;// CONCATENATED MODULE: ./.build/src/commands/probe.js







/** Milliseconds for the first answer: long enough to tell slow from dead. */
const probe_firstAnswerMs = 8_000;
/** Looks at every source that takes part, politely and side by side: its page of PaddlePaddle and at most 1 MiB of a wheel. */
function probeSources(request, context) {
    return conclude('probe', request, context, async (run) => {
        const { signal } = run.deadline;
        const { runner, notices } = await context.timeline.step('Look at the machine', () => inspectRunner(request, context.environment, signal));
        tell(run, notices);
        const pages = neededPages(plan_draft(request, runner));
        const desk = openDesk(run, runner, null);
        try {
            const asked = desk.roster.flatMap((source) => {
                if (source.kind === 'find-links')
                    return [];
                const page = pages.find(({ origin }) => (origin.kind === 'paddle') === (source.kind === 'paddle'));
                if (source.kind === 'paddle' && page === undefined)
                    return [];
                const folder = page?.origin.kind === 'paddle' ? page.origin : null;
                return [{ source, project: page?.project ?? 'paddlepaddle', folder, wanted: null, firstAnswerMs: probe_firstAnswerMs }];
            });
            const probes = await context.timeline.step('Ask every source', () => Promise.all(asked.map((question) => probe(desk.client, { ...question, signal }))));
            run.story.probes = probes
                .map(({ source, ms, bytesPerSecond, fault }) => ({
                id: source.id,
                url: maskUrl(source.url),
                origin: source.origin,
                ms,
                bytesPerSecond,
                fault,
            }))
                .sort((a, b) => (b.bytesPerSecond ?? -1) - (a.bytesPerSecond ?? -1));
            return looked;
        }
        finally {
            await desk.client.close();
        }
    });
}

;// CONCATENATED MODULE: ./.build/src/configure/journal-file.js



/** Lower-case hex. */
function journal_file_digest(content) {
    return (0,external_node_crypto_.createHash)('sha256').update(content).digest('hex');
}
/** The content of a regular file with its mode, or null where nothing is; a link or a folder is not ours to replace. Throws Error then. */
async function readRegular(file) {
    const found = await (0,promises_.lstat)(file).catch((error) => {
        if (error.code === 'ENOENT')
            return null;
        throw error;
    });
    if (found === null)
        return null;
    if (!found.isFile())
        throw new Error(`${file} is no regular file`);
    return { content: await (0,promises_.readFile)(file), mode: found.mode & 0o7777 };
}
/** A rename is safe on disk once its folder is; Windows can't open folders, and needs not. */
async function syncFolder(folder) {
    if (process.platform === 'win32')
        return;
    const handle = await (0,promises_.open)(folder, 'r');
    try {
        await handle.sync();
    }
    finally {
        await handle.close();
    }
}
/** Replaces a file in one step: whoever reads it sees the old content or the new, also after a power cut. */
async function replaceFile(file, content, mode) {
    const staging = external_node_path_.join(external_node_path_.dirname(file), `.${external_node_path_.basename(file)}.${(0,external_node_crypto_.randomUUID)()}.tmp`);
    try {
        const handle = await (0,promises_.open)(staging, 'wx', mode);
        try {
            await handle.writeFile(content);
            await handle.sync();
        }
        finally {
            await handle.close();
        }
        // The mode of `open` is cut by the umask; a restored file has its own again.
        await (0,promises_.chmod)(staging, mode);
        await (0,promises_.rename)(staging, file);
        await syncFolder(external_node_path_.dirname(file));
    }
    catch (error) {
        await (0,promises_.rm)(staging, { force: true });
        throw error;
    }
}
/** Takes a change back; gives why it was left, or null where it is undone. */
async function undoChange(change) {
    const now = await readRegular(change.path);
    const before = change.before === null ? null : Buffer.from(change.before.content, 'base64');
    if (now === null ? before === null : before?.equals(now.content))
        return null;
    if (now === null)
        return 'it was deleted since';
    if (journal_file_digest(now.content) !== change.after)
        return 'it was changed since';
    if (change.before === null || before === null)
        await (0,promises_.unlink)(change.path);
    else
        await replaceFile(change.path, before, change.before.mode);
    return null;
}

;// CONCATENATED MODULE: ./.build/src/configure/journal.js




async function append(file, entry) {
    const handle = await (0,promises_.open)(file, 'a', 0o600);
    try {
        await handle.writeFile(`\n${JSON.stringify(entry)}\n`);
        await handle.sync();
    }
    finally {
        await handle.close();
    }
}
/** Begins a journal in the state folder. Nothing is on disk until the first change. */
function openJournal(folder, owner) {
    const file = external_node_path_.join(folder, 'journal', `${new Date().toISOString().replaceAll(':', '')}-${(0,external_node_crypto_.randomUUID)()}.jsonl`);
    let begun = false;
    return {
        file,
        async writeFile(target, content, mode) {
            if (!begun) {
                await (0,promises_.mkdir)(external_node_path_.dirname(file), { recursive: true, mode: 0o700 });
                await append(file, owner);
                begun = true;
            }
            const bytes = Buffer.from(content);
            const now = await readRegular(target);
            const before = now === null ? null : { content: now.content.toString('base64'), mode: now.mode };
            await append(file, { path: target, before, after: journal_file_digest(bytes) });
            await replaceFile(target, bytes, now?.mode ?? mode);
        },
    };
}
/** A line may be half written (power cut, full disk): the change it speaks of was never made, so there is nothing to undo. */
function parseLine(line) {
    try {
        return JSON.parse(line);
    }
    catch (error) {
        if (!(error instanceof SyntaxError))
            throw error;
        return null;
    }
}
function isChange(entry) {
    return typeof entry === 'object' && entry !== null && 'path' in entry && 'before' in entry && 'after' in entry;
}
function isOwner(entry) {
    return typeof entry === 'object' && entry !== null && 'scope' in entry && 'runner' in entry && 'run' in entry;
}
async function readJournal(file) {
    const text = await (0,promises_.readFile)(file, 'utf8').catch((error) => {
        if (error.code === 'ENOENT')
            return '';
        throw error;
    });
    const entries = text.split('\n').map(parseLine);
    return { owner: entries.find(isOwner) ?? null, changes: entries.filter(isChange) };
}
/**
 * Undoes a journal's changes, the last one first, and removes it; a change that the system would not let it undo keeps no other one, and
 * keeps the journal. A journal that is gone has nothing to undo.
 */
async function undoJournal(file) {
    const { changes } = await readJournal(file);
    const undone = [];
    const left = [];
    let refused = false;
    for (const change of changes.reverse()) {
        const why = await undoChange(change).catch((error) => {
            refused ||= error.code !== undefined;
            return error.message;
        });
        if (why === null)
            undone.push(change.path);
        else
            left.push({ path: change.path, why });
    }
    if (!refused)
        await (0,promises_.rm)(file, { force: true });
    return { undone, left };
}
/** A journal of another user, met by root with that user's home, would have root write what and where that user likes. */
async function isOwn(file) {
    const found = await (0,promises_.lstat)(file);
    return found.isFile() && (process.getuid === undefined || found.uid === process.getuid());
}
/**
 * Journals of this user that are to be undone now: with `run`, what earlier jobs of this runner left because they were killed (scope `job`, another
 * run); without, everything of every scope, for `restore`. The newest first: two may have changed one file.
 */
async function openJournals(folder, runner, run) {
    const names = await (0,promises_.readdir)(external_node_path_.join(folder, 'journal')).catch((error) => {
        if (error.code === 'ENOENT')
            return [];
        throw error;
    });
    const files = names
        .filter((name) => name.endsWith('.jsonl'))
        .sort()
        .reverse()
        .map((name) => external_node_path_.join(folder, 'journal', name));
    const own = await Promise.all(files.map(isOwn));
    const read = await Promise.all(files.filter((_, at) => own[at] === true).map(async (file) => ({ file, ...(await readJournal(file)) })));
    const due = read.filter(({ owner }) => {
        if (run === null)
            return owner === null || owner.runner === runner;
        return owner?.scope === 'job' && owner.runner === runner && owner.run !== run;
    });
    return due.map(({ file }) => file);
}

;// CONCATENATED MODULE: ./.build/src/configure/env-file.js


/** POSIX shell: within single quotes nothing has a meaning, and a quote itself stands outside of them (XCU 2.2.2). */
function shellQuote(value) {
    return `'${value.replaceAll("'", "'\\''")}'`;
}
/**
 * dotenv has no standard. Chosen so that `sh` and the common readers agree: bare where nothing could be special, single quotes
 * (no escapes, no expansion, line ends allowed) else, double quotes with backslashes only where the value has a single quote.
 */
function dotenvQuote(value) {
    if (/^[\w@%+=:,./-]*$/.test(value))
        return value;
    if (!value.includes("'"))
        return `'${value}'`;
    return `"${value.replace(/[\\"$`]/g, '\\$&')}"`;
}
function checked(environment) {
    const entries = Object.entries(environment.variables);
    const wrong = entries.filter(([name, value]) => !/^[A-Za-z_]\w*$/.test(name) || value.includes('\0'));
    if (wrong.length === 0)
        return entries;
    const problems = wrong.map(([name]) => ({
        where: 'environment-file',
        what: `The variable ${JSON.stringify(name)} can't be written to a file of variables.`,
        remedy: 'Names are letters, digits and underscores; values hold no NUL.',
    }));
    throw new Failure(2, problems);
}
/**
 * The environment as a file's text: `export NAME='value'` for a shell, where PATH goes on from the reader's own, or dotenv, where it
 * goes on from `search`, the PATH of now. Throws Failure(2) for a name or value that no such file can hold.
 */
function formatEnvironment(environment, form, search) {
    const entries = checked(environment);
    const folders = environment.path;
    if (form === 'shell') {
        const front = folders.length === 0
            ? []
            : [`export PATH=${shellQuote(folders.join(external_node_path_.delimiter))}"\${PATH:+${external_node_path_.delimiter}$PATH}"`];
        return [...front, ...entries.map(([name, value]) => `export ${name}=${shellQuote(value)}`)]
            .map((line) => `${line}\n`)
            .join('');
    }
    const whole = [...folders, ...(search === '' ? [] : [search])].join(external_node_path_.delimiter);
    const front = folders.length === 0 ? [] : [['PATH', whole]];
    return [...front, ...entries].map(([name, value]) => `${name}=${dotenvQuote(value)}\n`).join('');
}
/**
 * Writes the environment of later steps to the user's file, replaced in one step and recorded; a shell's form where its name ends in `.sh`.
 * Only its owner may read a new file: an index address may be private. Throws Failure(2) where it can't be written.
 */
async function writeEnvFile(file, environment, search, journal) {
    const text = formatEnvironment(environment, file.endsWith('.sh') ? 'shell' : 'dotenv', search);
    await journal.writeFile(file, text, 0o600).catch((cause) => {
        const what = `${file} can't be written: ${cause.message.split(',')[0]}.`;
        const remedy = 'Name a file in a folder that exists and that this user may write.';
        throw new Failure(2, [{ where: 'environment-file', what, remedy }], { cause });
    });
}

;// CONCATENATED MODULE: ./.build/src/configure/pip.js
function pip_sameIndex(a, b) {
    return a.replace(/\/+$/, '') === b.replace(/\/+$/, '');
}
/**
 * Tells the pip of later steps of the chosen index by `PIP_INDEX_URL`, which beats every configuration file and leaves all other
 * settings (certificates, proxy, time-out, find-links, extra indexes) as they are. Never `trusted-host`. An index that the machine was
 * configured for and that is no public mirror stays: it may hold packages that no mirror has.
 */
function pipEnvironment({ interpreter, chosen, isPublic }) {
    const none = (why) => ({ variables: {}, why });
    const { pipSettings, officialIndex } = interpreter;
    if (chosen === null)
        return none("No Python index was used, so later steps' pip keeps its own.");
    if (chosen.credentials !== null)
        return none(`${chosen.id} needs credentials, which are not handed to later steps.`);
    // pip refuses plain http but to this machine itself, and the way around it would be to trust the host.
    const { protocol, hostname } = new URL(chosen.url);
    if (protocol === 'http:' && !/^(?:localhost|127\.[\d.]+|\[::1\])$/.test(hostname)) {
        return none(`${chosen.id} speaks plain http, which pip takes from trusted hosts alone.`);
    }
    // pip reads booleans as Python's configparser does, and these are its words for no.
    const noIndex = pipSettings['no-index'];
    if (noIndex !== undefined && !/^(?:0|no|false|off|n|f)?$/i.test(noIndex.value))
        return none(`Later steps' pip is told to use no index (${noIndex.origin}).`);
    const configured = pipSettings['index-url'];
    if (configured !== undefined && !pip_sameIndex(configured.value, chosen.url) && !isPublic(configured.value)) {
        return none(`Later steps' pip keeps the index of ${configured.origin}: it may hold packages that a mirror lacks.`);
    }
    const current = configured?.value ?? officialIndex?.url;
    if (current !== undefined && pip_sameIndex(current, chosen.url))
        return none(`Later steps' pip already uses ${chosen.id}.`);
    return {
        variables: { PIP_INDEX_URL: chosen.url },
        why: `Later steps' pip uses ${chosen.id}, which served this run.`,
    };
}

;// CONCATENATED MODULE: ./.build/src/configure/state-folder.js

/**
 * The folder that remembers what was changed on this machine: outside `RUNNER_TEMP`, which is emptied around every job, and outside the
 * cache, which anyone may delete. XDG base directories on Linux, Apple's and Microsoft's guidelines elsewhere.
 */
function stateFolder(os, environment, home) {
    if (os === 'win32') {
        return external_node_path_.win32.join(environment['LOCALAPPDATA'] ?? external_node_path_.win32.join(home, 'AppData', 'Local'), 'paddle-mirror-setup', 'state');
    }
    if (os === 'darwin')
        return external_node_path_.posix.join(home, 'Library', 'Application Support', 'paddle-mirror-setup');
    const given = environment['XDG_STATE_HOME'];
    // A relative path in it is to be ignored, says the specification.
    const base = given !== undefined && external_node_path_.posix.isAbsolute(given) ? given : external_node_path_.posix.join(home, '.local', 'state');
    return external_node_path_.posix.join(base, 'paddle-mirror-setup');
}

;// CONCATENATED MODULE: ./.build/src/pipeline/tell-later.js






/**
 * Whose changes these are. In a job they are undone at its end; RUNNER_TRACKING_ID is new for every job, so that a job finds what a
 * killed one left. In a shell there is no end, so they stay until `restore`.
 */
function journalOwner(environment) {
    const inJob = environment['GITHUB_ACTIONS'] === 'true';
    const run = environment['RUNNER_TRACKING_ID'] ??
        [environment['GITHUB_RUN_ID'], environment['GITHUB_RUN_ATTEMPT'], environment['GITHUB_JOB']].join('-');
    return inJob
        ? { scope: 'job', runner: environment['RUNNER_NAME'] ?? 'runner', run }
        : { scope: 'keep', runner: 'shell', run: 'shell' };
}
/** Folder that holds the journals. */
function journalFolder(os, context) {
    return stateFolder(os, context.environment, context.home);
}
function virtualEnvironment(venv, python) {
    return venv === null
        ? { variables: {}, path: [] }
        : { variables: { VIRTUAL_ENV: venv }, path: [external_node_path_.dirname(python)] };
}
/** What later steps are told: the environment on PATH, and the chosen index for pip. Written to `environment-file` too, through the journal. */
async function tellLater(run, { interpreter, os }, python, sources) {
    const { request, context, story } = run;
    const isPublic = (url) => mirrorAt(url) !== undefined || url.replace(/\/*$/, '') === interpreter.officialIndex?.url.replace(/\/*$/, '');
    const chosen = sources.ranked().find(({ kind }) => kind === 'python') ?? null;
    const pip = request.configure.includes('pip')
        ? pipEnvironment({ interpreter, chosen, isPublic })
        : { variables: {}, why: "Later steps' pip is left alone: configure leaves it out." };
    context.log.info(pip.why);
    const environment = virtualEnvironment(request.venv, python);
    const later = { variables: { ...environment.variables, ...pip.variables }, path: environment.path };
    const front = later.path.join(external_node_path_.delimiter);
    story.configured = front === '' ? later.variables : { ...later.variables, PATH: `${front} in front` };
    if (request.envFile !== null) {
        const owner = journalOwner(context.environment);
        const journal = openJournal(journalFolder(os, context), owner);
        run.state = { ...run.state, journals: [...run.state.journals, journal.file] };
        await writeEnvFile(request.envFile, later, context.environment['PATH'] ?? '', journal);
        if (owner.scope === 'keep')
            context.log.info(`${request.envFile} stays until you run \`restore\`.`);
    }
    return later;
}

;// CONCATENATED MODULE: ./.build/src/commands/restore.js




/** Undoes journals and says what became of each change. */
async function undo(journals, log) {
    for (const journal of journals) {
        const { undone, left } = await undoJournal(journal);
        for (const path of undone)
            log.info(`Put back ${path}.`);
        for (const { path, why } of left)
            log.warn({ id: `left-${path}`, text: `${path} is left as it is: ${why}` });
    }
}
/** Undoes what earlier runs changed on this machine and nobody has put back. */
function restore(request, context) {
    return conclude('restore', request, context, async () => {
        const folder = journalFolder(operatingSystem(process.platform), context);
        const journals = await openJournals(folder, journalOwner(context.environment).runner, null);
        await context.timeline.step('Put back what was changed', () => undo(journals, context.log));
        if (journals.length === 0)
            context.log.info('There is nothing to put back.');
        return looked;
    });
}

;// CONCATENATED MODULE: ./.build/src/verify/answer.js

/** The answer in a file, or null where verify.py ended before its first check. */
async function answer_readAnswer(path) {
    try {
        return JSON.parse(await (0,promises_.readFile)(path, 'utf8'));
    }
    catch (error) {
        if (error.code === 'ENOENT')
            return null;
        throw error;
    }
}

;// CONCATENATED MODULE: ./.build/src/verify/build.js

function release(version) {
    return /^\d+\.\d+(?:\.\d+)?/.exec(version)?.[0] ?? null;
}
/**
 * Version of the distribution that owns the folder `paddle/`, or of the code where none is recorded there. They differ in form:
 * a distribution `2.6.2.post120` holds code that calls itself `2.6.2`.
 */
function installedVersion(answer) {
    return answer.distributions[0]?.[1] ?? answer.version;
}
/** What is wrong with the build that was imported, or null. */
function findBuildProblem(answer, expected) {
    const { distributions, version: code, cuda } = answer;
    if (distributions.length > 1) {
        const names = distributions.map(([name, version]) => `${name} ${version}`).join(' and ');
        return `${names} are installed over one another: both own the folder paddle/`;
    }
    const version = installedVersion(answer);
    if (code === null || version === null)
        return null;
    // Nightly builds of the develop branch call themselves 0.0.0.
    if (!['0.0.0', release(version)].includes(release(code))) {
        return `the package metadata say ${version}, the code says ${code}`;
    }
    if (expected.version !== null && !satisfies(version, `==${expected.version}`, { prereleases: true })) {
        return `version ${version} is installed, ${expected.version} was planned`;
    }
    const wanted = expected.cuda?.split('.') ?? [];
    const built = cuda?.split('.') ?? [];
    return wanted.every((part, i) => part === built[i])
        ? null
        : `the build is made for CUDA ${cuda ?? '(none)'}, ${expected.cuda} was planned`;
}

;// CONCATENATED MODULE: ./.build/src/verify/failures.json
const failures_namespaceObject = /*#__PURE__*/JSON.parse('[{"id":"illegal-instruction","patterns":["Illegal instruction"],"signals":["SIGILL"],"exitCodes":[132,3221225501],"cause":"The processor has not the instructions that PaddlePaddle is compiled for (AVX), as older ones and some virtual machines.","remedy":"Let the virtual machine pass on the host\'s processor (`-cpu host` in QEMU), or use another machine. Builds without AVX end with 2.4.2.","source":"PaddleDetection#9488, Paddle#69003, Paddle#70223, Paddle#43181","date":"2026-11-22"},{"id":"bus-error","patterns":["Bus error"],"signals":["SIGBUS"],"exitCodes":[135],"cause":"Shared memory or a disk gave out while it was in use.","remedy":"Give the container more shared memory (`--shm-size=1g`), and see that no disk is full.","source":"signal(7)","date":"2026-11-22"},{"id":"static-tls","patterns":["(?<library>[^\\\\s:]+): cannot allocate memory in static TLS block"],"cause":"{library} was loaded too late: its thread-local memory must be reserved when the process starts.","remedy":"Load it first: `export LD_PRELOAD={library}` before Python starts.","source":"PaddlePaddle\'s pages on other hardware (aarch64 and libgomp)","date":"2026-11-22"},{"id":"out-of-memory","patterns":["MemoryError","std::bad_alloc","Cannot allocate memory"],"signals":["SIGKILL"],"exitCodes":[137],"cause":"The machine or the container ran out of memory, or something else killed the interpreter.","remedy":"Give the job more memory (2 GB are enough for the CPU build), and look for the kernel\'s `Out of memory` line in `dmesg`.","source":"Linux\'s out-of-memory killer","date":"2026-11-22"},{"id":"onednn-pir-double-array","patterns":["ConvertPirAttribute2RuntimeAttribute not support"],"cause":"oneDNN inference of this release is broken: it cannot run a saved network whose operators carry an array of doubles, such as interpolate with a scale factor. PaddlePaddle\'s own run_check() passes all the same.","remedy":"Install 3.2.2 (`paddle-version: \'==3.2.2\'`), or switch oneDNN off wherever a model is loaded: `config.disable_mkldnn()`, or `enable_mkldnn=False` in PaddleOCR and PaddleX (it is on by default, and FLAGS_use_mkldnn=0 does not reach paddle.inference).","source":"Paddle#77340; repeated on CPU 3.3.0 and 3.3.1","date":"2026-11-22"},{"id":"setuptools-easy-install","patterns":["setuptools\\\\.command\\\\.easy_install"],"cause":"This release uses a part of setuptools that newer setuptools have no more.","remedy":"Install an older one into the same environment: `python -m pip install \'setuptools<80\'`.","source":"Paddle#76008","date":"2026-11-22"},{"id":"setuptools-missing","patterns":["No module named \'(?:setuptools|pkg_resources)\'"],"cause":"This release imports setuptools without declaring that it needs it, and the environment has none.","remedy":"Install it into the same environment: `python -m pip install setuptools`, or name `setuptools` under `packages`.","source":"Paddle#73449, Paddle#76589; repeated with 3.2.2 in a bare environment","date":"2026-11-22"},{"id":"paddle-missing","patterns":["No module named \'paddle\'$"],"cause":"PaddlePaddle is not installed for this interpreter.","remedy":"Install it into this environment, or name the interpreter of the environment that has it with `python` or `venv`.","source":"Python\'s import system","date":"2026-11-22"},{"id":"module-missing","patterns":["No module named \'(?<module>[^\']+)\'"],"cause":"PaddlePaddle imports the Python module {module}, and this environment has none.","remedy":"Install the package that provides {module} into the same environment, or install PaddlePaddle again with its dependencies (without `--no-deps`).","source":"Python\'s import system","date":"2026-11-22"},{"id":"two-distributions","patterns":["are installed over one another"],"cause":"Two PaddlePaddle distributions share one folder, so the files of one have replaced files of the other.","remedy":"Uninstall both and install one: `python -m pip uninstall -y paddlepaddle paddlepaddle-gpu`, then run this again.","source":"the file lists of the wheels","date":"2026-11-22"},{"id":"not-as-planned","patterns":["the package metadata say .*, the code says","is installed, .* was planned","is made for CUDA .*, .* was planned"],"cause":"The PaddlePaddle that this interpreter imports is not the one that was planned.","remedy":"Uninstall every PaddlePaddle from this environment and install the planned one alone; then nothing of another version is left.","source":"the plan","date":"2026-11-22"},{"id":"build-without-cuda","patterns":["this build of PaddlePaddle has no CUDA"],"cause":"A GPU was asked for, and the CPU build is installed.","remedy":"Name the CUDA build as `device`, for example `cu126`: it comes from PaddlePaddle\'s own index, as mirrors of the Python index have no GPU build since 3.0.","source":"Paddle#75638","date":"2026-11-22"},{"id":"wrong-gpu-architecture","patterns":["Mismatched GPU Architecture","Unsupported GPU architecture","CUDA error ?\\\\(209\\\\)","no kernel image is available","compute capability in your current machine is \\\\d+, which is not supported"],"cause":"The build holds no code for the architecture of this GPU.","remedy":"Choose a build made for it: `device: cu129` or `cu130` with version 3.2.0 or newer for RTX 50, `cu118` for Pascal, `cu126` or newer (not `cu118`) for Hopper.","source":"Paddle#73687, Paddle#76037, Paddle#75016, Paddle#72672, PaddleX#4682","date":"2026-11-22"},{"id":"driver-too-old","patterns":["CUDA error ?\\\\(35\\\\)","CUDA driver version is insufficient for CUDA runtime version"],"cause":"The NVIDIA driver is older than the CUDA version of this build wants, or no driver reaches this container.","remedy":"Update the driver, or choose a build for an older CUDA (`device: cu118`); in a container start it with `--gpus all`.","source":"Paddle#35564, Paddle#33619, Paddle#30933, Paddle#25157, docs#997","date":"2026-11-22"},{"id":"no-gpu","patterns":["no usable gpu","there is no GPU detected on your machine","no CUDA-capable device is detected","CUDA error ?\\\\(100\\\\)","libcuda\\\\.so\\\\S*: cannot open shared object"],"cause":"PaddlePaddle finds no GPU: there is none, its driver does not answer, or the container was started without it.","remedy":"See that `nvidia-smi` lists the GPU in this very job; in a container start it with `--gpus all`; `CUDA_VISIBLE_DEVICES` must not hide it. On a machine without a GPU write `gpu: optional` or `device: cpu`.","source":"run_check of 3.x; repeated with paddlepaddle-gpu 2.6.2 without a GPU","date":"2026-11-22"},{"id":"no-device","patterns":["no usable (?<kind>\\\\w+)"],"cause":"PaddlePaddle finds no {kind}: the device, its driver or the plug-in package for it is missing.","remedy":"See that the vendor\'s own tool lists the device in this very job, and that the plug-in is of the version that belongs to this PaddlePaddle.","source":"PaddlePaddle\'s pages on other hardware","date":"2026-11-22"},{"id":"library-not-configured","patterns":["third-party dynamic library \\\\((?<library>[^)\\\\s]+)\\\\) that Paddle depends on is not configured correctly"],"cause":"PaddlePaddle cannot load {library}, which its GPU build needs.","remedy":"For 3.x install PaddlePaddle with its `nvidia-*` packages (without `--no-deps`) and take other CUDA folders off LD_LIBRARY_PATH. For 2.x install the CUDA and cuDNN that the build is made for and put their folders on LD_LIBRARY_PATH (PATH on Windows).","source":"Paddle#30694, Paddle#50195, Paddle#39102, Paddle#38663, Paddle#60925, Paddle#43197","date":"2026-11-22"},{"id":"windows-library","patterns":["WinError 12[67]","error code 12[67]\\\\b","(?:cudnn|cublas)\\\\w*64_\\\\d+\\\\.dll","DLL load failed"],"exitCodes":[3221225781],"cause":"Windows cannot load a library that PaddlePaddle needs.","remedy":"Install PaddlePaddle with its `nvidia-*` packages (without `--no-deps`) and the current Visual C++ redistributable, or put the missing library into `paddle\\\\libs` or on PATH.","source":"MinerU#992, Paddle#68673, Paddle#66947, Paddle#66669","date":"2026-11-22"},{"id":"numpy-abi","patterns":["compiled using NumPy 1\\\\.x cannot be run in","numpy\\\\.core\\\\.multiarray failed to import","numpy\\\\.dtype size changed","_ARRAY_API not found","was removed in the NumPy 2\\\\.0 release"],"cause":"This release is made for NumPy 1, and NumPy 2 is installed. It concerns releases up to 2.5 and the betas of 3.0.","remedy":"Install `numpy<2` into the same environment, or PaddlePaddle 2.6.2 or 3.0.0 and newer, which work with NumPy 2.","source":"MinerU#446","date":"2026-11-22"},{"id":"protobuf-descriptors","patterns":["Descriptors cannot (?:not )?be created directly"],"cause":"This release of PaddlePaddle 2 was generated for an older protobuf than the installed one.","remedy":"Install `protobuf==3.20.*` into the same environment, or a newer PaddlePaddle.","source":"Paddle#43033, Paddle#43050, Paddle#43052, Paddle#70562, PaddleSpeech#1970","date":"2026-11-22"},{"id":"libstdcxx-too-old","patterns":["version [`\'](?<symbol>(?:GLIBCXX|CXXABI)_[\\\\d.]+)\' not found"],"cause":"The C++ library of this machine is too old: it has no {symbol}. The wheel\'s name does not tell of it.","remedy":"Put a newer libstdc++ first on LD_LIBRARY_PATH (conda\'s `lib` folder has one), use a newer image, or another version of PaddlePaddle.","source":"Paddle#71372, Paddle#68155, Paddle#64704, Paddle#54853","date":"2026-11-22"},{"id":"glibc-too-old","patterns":["version [`\'](?<symbol>GLIBC_[\\\\d.]+)\' not found"],"cause":"The C library of this machine is too old: it has no {symbol}.","remedy":"Use a newer operating system or image, or an older PaddlePaddle.","source":"ld.so","date":"2026-11-22"},{"id":"libpython-missing","patterns":["(?<library>libpython3\\\\.\\\\d+\\\\S*): cannot open shared object"],"cause":"PaddlePaddle wants {library}, and this interpreter\'s folder for libraries is not searched.","remedy":"Add the folder that holds {library} to LD_LIBRARY_PATH; with conda it is the environment\'s `lib`.","source":"PaddlePaddle\'s documentation of 3.0.0b0","date":"2026-11-22"},{"id":"library-missing","patterns":["(?<library>lib[^\\\\s:/]+\\\\.so[.\\\\d]*): cannot open shared object"],"cause":"The shared library {library} is missing on this machine or not where the loader looks.","remedy":"Install the system package that holds it (slim images lack `libgomp1`, for example); for a CUDA library install PaddlePaddle with its `nvidia-*` packages (without `--no-deps`).","source":"ld.so","date":"2026-11-22"},{"id":"library-mixture","patterns":["undefined symbol: (?<symbol>\\\\w+)"],"cause":"A library of another version was loaded first: it has no {symbol}. Often another CUDA stands first on LD_LIBRARY_PATH, or another framework shares the environment and wants other `nvidia-*` versions.","remedy":"Take other CUDA folders off LD_LIBRARY_PATH, and give PaddlePaddle an environment of its own (`venv`).","source":"Paddle#74250, Paddle#74894, Paddle#75926, Paddle#71867, MinerU#862","date":"2026-11-22"},{"id":"no-distribution","patterns":["No matching distribution .*\\\\(from versions: none\\\\)","\\\\(from versions: none\\\\)"],"cause":"The index offers no file for this interpreter: it is 32-bit or of a version without wheels, or the mirror refused the request.","remedy":"Use a 64-bit CPython that this release has wheels for, or another mirror.","source":"Paddle#65320, tuna#2603","date":"2026-11-22"},{"id":"gpu-out-of-memory","patterns":["Out of memory error on GPU","ResourceExhausted","CUDA error ?\\\\(2\\\\)","CUDNN_STATUS_ALLOC_FAILED"],"cause":"The memory of the GPU is full; this verification needs less than 1 GB of it.","remedy":"See with `nvidia-smi` which other job holds the memory, or choose another GPU with CUDA_VISIBLE_DEVICES.","source":"PaddlePaddle\'s allocator","date":"2026-11-22"},{"id":"disk-full","patterns":["No space left on device"],"cause":"A disk is full, the one for temporary files or the one of the environment.","remedy":"Free space there, or point TMPDIR at a larger disk.","source":"errno(3)","date":"2026-11-22"},{"id":"segmentation-fault","patterns":["Segmentation fault"],"signals":["SIGSEGV"],"exitCodes":[139,3221225477],"cause":"PaddlePaddle crashed with an invalid memory access.","remedy":"Give it an environment of its own (`venv`) without other frameworks; if it crashes there too, choose another version and report the evidence to PaddlePaddle.","source":"signal(7)","date":"2026-11-22"},{"id":"aborted","patterns":["Process abort signal"],"signals":["SIGABRT"],"exitCodes":[134,3221226505],"cause":"PaddlePaddle or one of its libraries gave up and ended the process.","remedy":"Read the evidence for the library that gave up; an environment of its own (`venv`) or another version usually helps.","source":"signal(7)","date":"2026-11-22"},{"id":"wrong-numbers","patterns":["differs by \\\\S+ where \\\\S+ is allowed","has the shape .* instead of"],"cause":"PaddlePaddle computed wrong numbers on this device, without an error.","remedy":"Do not use this pair of build and machine: choose another version, and on a GPU first of all a build made for its architecture.","source":"this verification; PaddleX#3909, PaddleX#4268, Paddle#73937","date":"2026-11-22"},{"id":"wrong-device","patterns":["the result is on \\\\S+ instead of"],"cause":"PaddlePaddle computed on another device than the one it was told to use.","remedy":"See that the driver works in this job, and that the build or plug-in is the one for this device.","source":"this verification","date":"2026-11-22"}]');
;// CONCATENATED MODULE: ./.build/src/verify/diagnose.js

const EVIDENCE_LINES = 6;
const EVIDENCE_LINE_LENGTH = 400;
const rows = failures_namespaceObject;
function shorten(line) {
    return line.length > EVIDENCE_LINE_LENGTH ? `${line.slice(0, EVIDENCE_LINE_LENGTH)}…` : line;
}
function lastLines(text) {
    const lines = text.split(/\r?\n/).map((line) => line.trimEnd());
    return lines
        .filter((line) => line !== '')
        .slice(-EVIDENCE_LINES)
        .map(shorten)
        .join('\n');
}
function lineAround(text, index) {
    const start = text.lastIndexOf('\n', index - 1) + 1;
    const end = text.indexOf('\n', index);
    return shorten(text.slice(start, end === -1 ? undefined : end).trim());
}
function fill(template, groups) {
    return template.replace(/\{(\w+)\}/g, (_, name) => groups[name] ?? name);
}
function describeExit(exit) {
    return exit.signal === null ? `exit status ${exit.code}` : `killed by ${exit.signal}`;
}
/**
 * The first row of the table whose pattern is in the text, or whose signal or exit status is this one; null where no row fits.
 * `exit` is null for a text that did not end a process.
 */
function recognise(text, exit) {
    for (const row of rows) {
        for (const pattern of row.patterns) {
            const match = new RegExp(pattern, 'im').exec(text);
            if (match === null)
                continue;
            const groups = match.groups ?? {};
            const evidence = lineAround(text, match.index);
            return { id: row.id, cause: fill(row.cause, groups), remedy: fill(row.remedy, groups), evidence };
        }
        const fatal = exit !== null &&
            ((exit.signal !== null && row.signals?.includes(exit.signal)) ||
                (exit.code !== null && row.exitCodes?.includes(exit.code)));
        if (fatal) {
            const evidence = [describeExit(exit), lastLines(text)].filter((part) => part !== '').join('\n');
            return { id: row.id, cause: row.cause, remedy: row.remedy, evidence };
        }
    }
    return null;
}
/** As `recognise`; a failure that no row fits is given as what it is, with the last lines of the text. */
function diagnose(text, exit) {
    const known = recognise(text, exit);
    if (known !== null)
        return known;
    const ending = exit === null ? [] : [describeExit(exit)];
    return {
        id: 'unknown',
        cause: 'PaddlePaddle failed in a way that is not in the table of known failures.',
        remedy: 'Read the evidence. Another version of PaddlePaddle, or an environment of its own (`venv`), is worth a try.',
        evidence: [...ending, lastLines(text)].filter((part) => part !== '').join('\n'),
    };
}

;// CONCATENATED MODULE: ./.build/src/verify/judge.js


function describeEnd(run) {
    if (run.timedOut)
        return `stopped after ${(run.ms / 1000).toFixed(1)} s`;
    return run.signal === null ? `ended with exit status ${run.code}` : `killed by ${run.signal}`;
}
/** The diagnosis of a process that did not reach its end. */
function diagnoseEnd(run, python) {
    if (run.startError !== null) {
        return {
            id: 'not-started',
            cause: `The interpreter ${python} could not be started.`,
            remedy: 'Name an interpreter that exists and may be executed.',
            evidence: run.startError,
        };
    }
    if (run.timedOut) {
        return {
            id: 'timeout',
            cause: 'The verification did not end within its limit and was stopped.',
            remedy: 'See what the machine was busy with. A driver or a file system that does not answer hangs like this; a slow disk needs a larger `timeout-minutes`.',
            evidence: describeEnd(run),
        };
    }
    return diagnose(run.output, run);
}
/**
 * What the process wrote beside the answer explains a failure only where PaddlePaddle's libraries speak of the device itself:
 * a GPU build warns of a missing cuDNN on the CPU too, where it does no harm.
 */
function diagnoseCheck(check, output) {
    const own = check.error ?? check.detail;
    if (check.device !== null && check.device !== 'cpu') {
        const fromOutput = recognise(check.error ?? '', null) ?? recognise(output, null);
        if (fromOutput !== null)
            return fromOutput;
    }
    return diagnose(own, null);
}
/** The check in which the process ended, or one of its own where it ended between two. */
function endedCheck(answer, run) {
    const at = answer === null ? { id: 'start', device: null } : (answer.running ?? { id: 'end', device: null });
    const finished = (answer?.checks ?? []).reduce((sum, check) => sum + check.seconds, 0);
    return {
        ...at,
        status: 'failed',
        seconds: Math.max(0, run.ms / 1000 - finished),
        detail: run.startError ?? describeEnd(run),
        difference: null,
        tolerance: null,
        error: run.output,
    };
}
/** The checks, the one of the build failed where another build was planned. */
function withBuildJudged(answer, expected) {
    const problem = findBuildProblem(answer, expected);
    return answer.checks.map((check) => check.id === 'build' && check.status === 'passed' && problem !== null
        ? { ...check, status: 'failed', detail: problem }
        : check);
}
function nameCheck(check) {
    return check.device === null ? check.id : `${check.id} on ${check.device}`;
}
/** One finding a cause, in the order of the checks. */
function collect(troubles) {
    const byId = new Map();
    for (const { check, diagnosis } of troubles) {
        // Two unknown failures need not be the same one.
        const key = diagnosis.id === 'unknown' ? `${diagnosis.id} ${diagnosis.evidence}` : diagnosis.id;
        const earlier = byId.get(key);
        byId.set(key, { ...diagnosis, ...earlier, checks: [...(earlier?.checks ?? []), nameCheck(check)] });
    }
    return [...byId.values()];
}
/** The judgement over an answer of verify.py and the way its process ended. Pure. */
function verify_judge_judge(answer, run, asked) {
    const troubles = [];
    const warnings = [];
    const checks = [];
    for (const answered of answer === null ? [] : withBuildJudged(answer, asked.expect)) {
        const { error: _error, ...check } = answered;
        if (check.status !== 'failed') {
            checks.push(check);
            continue;
        }
        const diagnosis = diagnoseCheck(answered, run.output);
        const defect = asked.knownDefects.find((d) => d.asked && d.check === check.id && d.id === diagnosis.id);
        if (defect === undefined) {
            troubles.push({ check: answered, diagnosis });
            checks.push(check);
        }
        else {
            if (!warnings.includes(defect.text))
                warnings.push(defect.text);
            checks.push({ ...check, status: 'warning' });
        }
    }
    if (answer === null || !answer.complete || run.code !== 0) {
        const ended = endedCheck(answer, run);
        const { error: _error, ...check } = ended;
        troubles.push({ check: ended, diagnosis: diagnoseEnd(run, asked.python) });
        checks.push(check);
    }
    return {
        verified: troubles.length === 0,
        level: asked.level,
        device: asked.device,
        checks,
        findings: collect(troubles),
        warnings,
        version: answer === null ? null : installedVersion(answer),
        commit: answer?.commit ?? null,
        compiledWithCuda: answer?.compiledWithCuda ?? null,
        cuda: answer?.cuda ?? null,
        cudnn: answer?.cudnn ?? null,
        nccl: answer?.nccl ?? null,
        python: answer?.python ?? null,
        devices: answer?.devices ?? [],
        seconds: run.ms / 1000,
    };
}

;// CONCATENATED MODULE: ./.build/src/verify/verify.js






/** Catalogue devices that PaddlePaddle calls by another name; CUDA and Hygon's builds call theirs `gpu`. */
const KINDS = { dcu: 'gpu', maca: 'metax_gpu', ixuca: 'iluvatar_gpu' };
/** Characters of what it printed that are searched for a cause, the last ones: a failure is told of at the end. */
const outputLimit = 64 * 1024;
function deviceKind(device) {
    return /^cu\d+$/.test(device) ? 'gpu' : (KINDS[device] ?? device);
}
/**
 * Proves that an installed PaddlePaddle computes right, in a process of its own: a crash, a hang or a missing library is a finding.
 * Leaves nothing behind. Throws the signal's reason on abort, and only what is a defect of ours or of the temporary folder beside.
 */
async function verify(options) {
    const { environment, expect, knownDefects, level, python, signal, timeoutMs } = options;
    const device = deviceKind(options.device);
    const work = await (0,promises_.mkdtemp)((0,external_node_path_.join)((0,external_node_os_.tmpdir)(), 'paddle-verify-'));
    try {
        // -E and not -I: a PaddlePaddle in the user's site-packages is there in later steps, so it is here.
        const flags = [
            '-E',
            ...(environment['PYTHONNOUSERSITE'] ? ['-s'] : []),
            ...(environment['PYTHONDONTWRITEBYTECODE'] ? ['-B'] : []),
        ];
        const script = (0,external_node_path_.join)(import.meta.dirname, 'verify.py');
        const args = [...flags, script, '--work', work, '--device', device, '--level', level];
        const ran = await run({ file: python, args, cwd: work, environment, limitMs: timeoutMs, signal });
        const answer = await answer_readAnswer((0,external_node_path_.join)(work, 'answer.json'));
        return verify_judge_judge(answer, { ...ran, output: ran.output.slice(-outputLimit) }, { python, device, level, expect, knownDefects });
    }
    finally {
        await (0,promises_.rm)(work, { recursive: true, force: true, maxRetries: 3 });
    }
}

;// CONCATENATED MODULE: ./.build/src/pipeline/prove.js


/** Milliseconds for the whole verification: importing a GPU build from a cold disk takes tens of seconds, a hang takes for ever. */
const prove_limitMs = 300_000;
/** A build for an accelerator on a machine that has none, where the user said that this is fine: it is verified on the CPU, and that is said. */
function deviceToVerify(run, device, { accelerators }) {
    const excused = run.request.gpu === 'optional' && /^(?:cu\d+|gpu)$/.test(device);
    if (!excused || accelerators.gpus.length > 0)
        return device;
    const text = `${device} was verified on the CPU alone: this machine has no NVIDIA GPU, and gpu is optional.`;
    tell(run, [{ id: 'not-verified-on-gpu', text }]);
    return 'cpu';
}
/** Proves the installation of a plan in an interpreter, writes it into the story and gives whether it passed. */
async function prove(run, plan, runner, python, level) {
    const { context, deadline, story } = run;
    const set = Object.entries(context.environment).flatMap(([name, value]) => value === undefined ? [] : [[name, value]]);
    const verification = await context.timeline.step('Verify', () => verify({
        python,
        device: deviceToVerify(run, plan.device, runner),
        expect: { version: plan.version, cuda: plan.cuda },
        level,
        environment: Object.fromEntries(set),
        timeoutMs: Math.min(prove_limitMs, deadline.remainingMs()),
        signal: deadline.signal,
        knownDefects: plan.knownDefects,
    }));
    story.verification = verification;
    tell(run, verification.warnings.map((text) => ({ id: text, text })));
    const problems = verification.findings.map(({ checks, cause, remedy, evidence }) => ({
        where: checks.length === 0 ? 'verification' : checks.join(', '),
        what: evidence === '' ? cause : `${cause} (${evidence})`,
        remedy,
    }));
    story.problems = [...story.problems, ...problems];
    return verification.verified;
}

;// CONCATENATED MODULE: ./.build/src/commands/verify.js





/** Which PaddlePaddle an environment has: its distribution and version. Plug-ins stand beside one and are not it. Throws Failure(2) where there is none. */
function installed({ paddle, executable }) {
    const found = Object.entries(paddle).filter(([name]) => name === 'paddlepaddle' || name.startsWith('paddlepaddle-'));
    const [first] = found;
    if (first !== undefined)
        return { distribution: first[0], version: first[1] };
    const what = `There is no PaddlePaddle in ${executable}.`;
    throw new Failure(2, [
        {
            where: 'python',
            what,
            remedy: 'Name the environment with `venv` or its interpreter with `python`, or run `setup` first.',
        },
    ]);
}
/** Checks an environment that is there already, whoever made it. */
function verifyEnvironment(request, context) {
    return conclude('verify', request, context, async (run) => {
        const { runner } = await context.timeline.step('Look at the machine', () => inspectRunner(request, context.environment, run.deadline.signal));
        const { interpreter } = runner;
        const { distribution, version } = installed(interpreter);
        const own = distribution === 'paddlepaddle' ? 'cpu' : distribution.replace(/^paddlepaddle-/, '');
        const device = request.device === 'auto' ? own : request.device;
        run.story.plan = { device, cuda: null, distribution, version, pins: [] };
        const knownDefects = defectsOf(distribution, version).map(({ id, check, text, remedy }) => ({
            id,
            check,
            text: `PaddlePaddle ${version}: ${text}. ${remedy}`,
            asked: request.paddle.kind === 'specifier',
        }));
        const level = request.verify === 'import' ? 'import' : 'full';
        const proved = await prove(run, { device, cuda: null, version, knownDefects }, runner, interpreter.executable, level);
        return { ...looked, exitCode: proved ? 0 : 3 };
    });
}

;// CONCATENATED MODULE: ./.build/src/packaging/requirement.js








const archive = /\.(?:whl|zip|tgz|tar\.(?:gz|bz2|xz))$/i;
const repository = /^(?:git|hg|svn|bzr)\+/i;
const pathStart = /^(?:\.{0,2}[/\\]|\.{1,2}(?:\[|$)|~[/\\]|[a-z]:[/\\]|file:)/i;
const example = 'Write one requirement a line, such as `name`, `name==1.2`, `name[extra]>=1,<2 ; python_version < "3.12"` or `name @ https://...`.';
function parseExtras(text) {
    const extras = text.split(',').map((extra) => extra.trim());
    const wrong = extras.find((extra) => !isName(extra));
    if (text.trim() !== '' && wrong !== undefined) {
        throw new SyntaxError(`\`${wrong}\` is no name of an extra`);
    }
    return text.trim() === '' ? [] : [...new Set(extras.map(normalise))].sort();
}
function nameOfFile(address) {
    const last = /[^/\\]*$/.exec(address.replace(/[?#].*$/s, ''))?.[0] ?? '';
    const told = parseFilename(last.replace(/%2B/gi, '+'));
    if (told === null && last.endsWith('.whl')) {
        throw new SyntaxError(`\`${last}\` is no name of a wheel`);
    }
    return told?.name ?? null;
}
function parseRepository(text) {
    const address = text.replace(repository, '');
    if (!URL.canParse(address)) {
        throw new SyntaxError('no address stands behind the name of the version control system');
    }
    if (new URL(address).password !== '' || (/^https?:/i.test(address) && new URL(address).username !== '')) {
        throw new SyntaxError('credentials in the address of a repository would end up in the lock');
    }
    const [, name = null, extras = ''] = /[#&]egg=([^&[]+)(?:\[([^\]]*)\])?/.exec(text) ?? [];
    return { kind: 'vcs', name, extras: parseExtras(extras), specifier: '', url: text, named: false };
}
function parseLink(text) {
    if (repository.test(text)) {
        return parseRepository(text);
    }
    const { url, credentials } = parseAddress(text);
    if (credentials !== null) {
        throw new SyntaxError('credentials in a direct link would end up in the lock');
    }
    const kept = url
        .split('#', 2)[1]
        ?.split('&')
        .filter((part) => !part.startsWith('sha256=')) ?? [];
    const bare = `${url.replace(/#.*$/s, '')}${kept.length === 0 ? '' : `#${kept.join('&')}`}`;
    return { kind: 'url', name: nameOfFile(url), extras: [], specifier: '', url: bare, named: false };
}
function parsePath(text) {
    const [, path = text, extras = ''] = /^(.*?)(?:\[([^\]]*)\])?$/s.exec(text) ?? [];
    return { kind: 'path', name: nameOfFile(path), extras: parseExtras(extras), specifier: '', url: path, named: false };
}
function parseNamed(text) {
    const [, name = '', extraText = '', rest = ''] = /^([a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)\s*(?:\[([^\]]*)\])?\s*(.*)$/is.exec(text) ?? [];
    if (name === '') {
        throw new SyntaxError('it begins with no name');
    }
    const extras = parseExtras(extraText);
    if (rest.startsWith('@')) {
        const address = rest.slice(1).trim();
        const target = /^file:/i.test(address) ? parsePath(address) : parseLink(address);
        return { ...target, name, extras, named: true };
    }
    const specifier = (/^\((.*)\)$/s.exec(rest)?.[1] ?? rest).replace(/\s*(,|[<>=!~]+)\s*/g, '$1').trim();
    if (!isSpecifier(specifier)) {
        throw new SyntaxError(`\`${specifier}\` is no version clause`);
    }
    return { kind: 'named', name, extras, specifier, url: null, named: true };
}
function parseTarget(text) {
    if (pathStart.test(text)) {
        return parsePath(text);
    }
    if (isAddress(text)) {
        return parseLink(text);
    }
    const named = /^[\w.-]+\s*(?:\[[^\]]*\])?\s*@/.test(text);
    return !named && (archive.test(text) || /^[^\s;<>=!~]*[/\\]/.test(text)) ? parsePath(text) : parseNamed(text);
}
/** Hashes of the options behind a requirement; only SHA-256 is checked anywhere in the field, so another one alone is refused. */
function parseOptions(options) {
    const hashes = options
        .join(' ')
        .split(/\s+(?=--)/)
        .filter((option) => option !== '')
        .map((option) => {
        const [, value = null] = /^--hash[=\s]\s*(\S+)$/.exec(option) ?? [];
        if (value === null) {
            throw new SyntaxError(`the option \`${option}\` can't stand behind a requirement here`);
        }
        return value.toLowerCase();
    });
    const wrong = hashes.find((hash) => !/^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/.test(hash));
    if (wrong !== undefined) {
        throw new SyntaxError(`\`${wrong}\` is no hash`);
    }
    const usable = hashes.filter((hash) => hash.startsWith('sha256:'));
    if (hashes.length > 0 && usable.length === 0) {
        throw new SyntaxError('none of its hashes is a sha256');
    }
    return usable;
}
function requirement_parse(text, origin, folder) {
    const editable = /^(?:-e|--editable)(?:\s+|=)(.+)$/s.exec(text)?.[1] ?? null;
    const [line = '', ...options] = (editable ?? text).split(/\s+(?=--?[a-z])/i);
    // Behind a link or path a marker needs a blank in front of its semicolon: a semicolon may be part of either.
    const linkLike = pathStart.test(line) || /:\/\//.test(line.split(';', 1)[0] ?? '');
    const cut = (linkLike ? /\s;|;\s/ : /;/).exec(line);
    const marker = cut === null ? null : formatMarker(parseMarker(line.slice(cut.index).replace(/^\s*;/, '')));
    const target = parseTarget((cut === null ? line : line.slice(0, cut.index)).trim());
    if (editable !== null && target.kind !== 'path' && target.kind !== 'vcs') {
        throw new SyntaxError('only a folder or a repository can be editable');
    }
    const relative = target.kind === 'path' && target.url !== null && !/^(?:file:|[a-z]:[/\\])/i.test(target.url);
    const url = relative && folder !== null && target.url !== null ? (0,external_node_path_.resolve)(folder, target.url) : target.url;
    const fragment = target.kind === 'url' ? /#(?:.*&)?sha256=([0-9a-f]{64})/i.exec(line)?.[1]?.toLowerCase() : undefined;
    const extras = target.extras.length === 0 ? '' : `[${target.extras.join(',')}]`;
    const head = target.named ? `${target.name}${extras}${url === null ? target.specifier : ' @ '}` : '';
    const tail = `${url ?? ''}${target.kind === 'path' && !target.named ? extras : ''}`;
    return {
        name: target.name,
        extras: target.extras,
        specifier: target.specifier,
        url,
        normalised: target.name === null ? null : normalise(target.name),
        marker,
        editable: editable !== null,
        kind: editable === null ? target.kind : 'editable',
        hashes: [...new Set([...parseOptions(options), ...(fragment === undefined ? [] : [`sha256:${fragment}`])])].sort(),
        origin,
        text: `${editable === null ? '' : '-e '}${head}${tail}${marker === null ? '' : ` ; ${marker}`}`,
    };
}
/**
 * Reads one requirement: PEP 508, and what pip takes beside it (paths, bare links, repositories, `-e`, `--hash`).
 * `folder` is the absolute folder where relative paths begin; without it they stay as written.
 * Throws Failure (exit code 2) with one problem. Credentials in links are refused: they would be written to the lock.
 *
 * pip-requirements-js was weighed and left: it brings a parser generator (ohm-js) into the bundle, reads whole files without naming
 * the line that is wrong, and evaluates no markers, which is the larger half.
 */
function parseRequirement(text, origin, folder = null) {
    try {
        return requirement_parse(text.trim(), origin, folder);
    }
    catch (error) {
        if (!(error instanceof SyntaxError)) {
            throw error;
        }
        const what = `\`${redact(text.trim())}\` is no requirement: ${redact(error.message)}.`;
        const remedy = /credentials/.test(error.message)
            ? 'Name a private index by `--extra-index-url` instead, or let git ask its credential helper.'
            : example;
        throw new Failure(2, [{ where: origin, what, remedy }], { cause: error });
    }
}

;// CONCATENATED MODULE: external "node:stream/promises"
const external_node_stream_promises_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:stream/promises");
;// CONCATENATED MODULE: ./.build/src/request/local-file.js





async function local_file_hashFile(path) {
    const hash = (0,external_node_crypto_.createHash)('sha256');
    await (0,external_node_stream_promises_namespaceObject.pipeline)((0,external_node_fs_.createReadStream)(path), hash);
    return `sha256:${hash.digest('hex')}`;
}
/**
 * Gives a requirement on a local wheel or sdist the hash of the file, which proves it from now on; a folder can have none.
 * What is wrong (no such file, another hash than the line says) is added to `problems`.
 */
async function withLocalHash(line, problems) {
    const { hashes, kind, origin, url } = line;
    const file = url?.startsWith('file:') === true ? pathOfFileAddress(url) : url;
    if (file === null || (kind !== 'path' && kind !== 'editable') || isAddress(file)) {
        return line;
    }
    const complain = (what, remedy) => {
        problems.push({ where: origin, what: `${JSON.stringify(file)} ${what}.`, remedy });
        return line;
    };
    const reason = ({ code }) => code === 'ENOENT' || code === 'ENOTDIR' ? 'does not exist' : `can't be read (${code})`;
    const found = await (0,promises_.stat)(file).then((stats) => ({ stats }), reason);
    if (typeof found === 'string') {
        return complain(found, 'Relative paths begin in the folder where the command runs.');
    }
    if (found.stats.isDirectory()) {
        return line;
    }
    if (!found.stats.isFile()) {
        return complain('is no regular file', 'Name a wheel, an sdist or a folder.');
    }
    const digest = await local_file_hashFile(file).catch((error) => ({ fault: reason(error) }));
    if (typeof digest !== 'string') {
        return complain(digest.fault, 'Let this user read it.');
    }
    if (hashes.length > 0 && !hashes.includes(digest)) {
        return complain(`has another hash than the line says: ${digest}`, 'Get the file again, or correct the hash.');
    }
    return { ...line, hashes: [digest] };
}

;// CONCATENATED MODULE: ./.build/src/request/logical-lines.js
/**
 * The lines of a requirements file as pip reads them (its "Requirements File Format"): a backslash at the end joins the next line,
 * `#` at the beginning or behind a blank starts a comment, a comment ends a continuation; any line end will do.
 */
function logicalLines(text) {
    const joined = [];
    let continued = false;
    for (const [index, raw] of text.split(/\r\n|\r|\n/).entries()) {
        // The blank in front keeps a comment a comment where a line is joined to it.
        const comment = /^\s*#/.test(raw);
        const line = comment ? ` ${raw}` : raw;
        const open = !comment && raw.endsWith('\\');
        const piece = open ? line.slice(0, -1) : line;
        const last = joined.at(-1);
        if (continued && last !== undefined) {
            last.text += piece;
        }
        else {
            joined.push({ number: index + 1, text: piece });
        }
        continued = open;
    }
    return joined
        .map((line) => ({ ...line, text: line.text.replace(/(^|\s+)#.*$/s, '').trim() }))
        .filter((line) => line.text !== '');
}
/**
 * Puts the values of environment variables in place of `${NAME}`, upper case only, as pip does.
 * Throws SyntaxError for one that is not set: pip would ask an index whose address holds the bare name.
 */
function expandVariables(line, environment) {
    return line.replace(/\$\{([A-Z0-9_]+)\}/g, (_, name) => {
        const value = environment[name];
        if (value === undefined || value === '') {
            throw new SyntaxError(`the environment variable \`${name}\` is not set`);
        }
        return value;
    });
}

;// CONCATENATED MODULE: ./.build/src/request/option-lines.js

/** Options that a requirements file may hold on a line of their own (pip, "Requirements File Format"), with other spellings. */
const option_lines_known = {
    '--requirement': { spellings: ['-r'], value: true },
    '--constraint': { spellings: ['-c'], value: true },
    '--index-url': { spellings: ['-i', '--pypi-url'], value: true },
    '--extra-index-url': { spellings: [], value: true },
    '--find-links': { spellings: ['-f'], value: true },
    '--no-index': { spellings: [], value: false },
    '--pre': { spellings: [], value: false },
    '--prefer-binary': { spellings: [], value: false },
    '--no-binary': { spellings: [], value: true },
    '--only-binary': { spellings: [], value: true },
    '--require-hashes': { spellings: [], value: false },
    '--trusted-host': { spellings: [], value: true },
    '--use-feature': { spellings: [], value: true },
};
const names = Object.keys(option_lines_known);
/** Words of a line; quotes hold blanks together. A backslash is nothing special: it belongs to paths of Windows. */
function option_lines_words(line) {
    if (/["']/.test(line.replace(/"[^"]*"|'[^']*'/g, ''))) {
        throw new SyntaxError('a quote is not closed');
    }
    return (line.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? []).map((word) => word.replace(/["']/g, ''));
}
function findName(word) {
    const [spelling = '', ...rest] = word.split('=');
    for (const name of names) {
        const spellings = [name, ...option_lines_known[name].spellings];
        if (spellings.includes(spelling)) {
            return { name, attached: rest.length === 0 ? null : rest.join('=') };
        }
        const short = spellings.find((one) => /^-[a-z]$/.test(one) && word.startsWith(one));
        if (short !== undefined && word.length > 2) {
            return { name, attached: word.slice(2) };
        }
    }
    const nearest = names.reduce((best, name) => ((0,mod/* distance */.Io)(word, name) < (0,mod/* distance */.Io)(word, best) ? name : best));
    throw new SyntaxError(`\`${spelling}\` is no option of a requirements file; the nearest is \`${nearest}\``);
}
/** Whether a line holds options and not a requirement (`-e` begins a requirement). */
function isOptionLine(line) {
    return line.startsWith('-') && !/^(?:-e|--editable)(?:[\s=]|$)/.test(line);
}
/** Reads a line of options, short or long, with a blank or `=` before the value. Throws SyntaxError with a phrase that says what is wrong. */
function parseOptionLine(line) {
    const options = [];
    const queue = option_lines_words(line);
    for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
        if (!word.startsWith('-')) {
            throw new SyntaxError(`\`${word}\` belongs to no option`);
        }
        const { name, attached } = findName(word);
        const value = option_lines_known[name].value ? (attached ?? queue.shift() ?? '') : '';
        if (option_lines_known[name].value && (value === '' || value.startsWith('--'))) {
            throw new SyntaxError(`\`${name}\` needs a value`);
        }
        if (!option_lines_known[name].value && attached !== null) {
            throw new SyntaxError(`\`${name}\` takes no value`);
        }
        options.push({ name, value });
    }
    return options;
}

// EXTERNAL MODULE: external "node:buffer"
var external_node_buffer_ = __nccwpck_require__(4573);
;// CONCATENATED MODULE: ./.build/src/request/read-text.js



/** Text of UTF-8, or of UTF-16 with a byte order mark as PowerShell writes it; null for anything else. */
function read_text_decode(bytes) {
    const mark = (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0);
    if (mark === 0xfffe || mark === 0xfeff) {
        return new TextDecoder(mark === 0xfffe ? 'utf-16le' : 'utf-16be').decode(bytes);
    }
    return (0,external_node_buffer_.isUtf8)(bytes) ? new TextDecoder().decode(bytes) : null;
}
function unreadable(error) {
    return error.code === 'ENOENT' ? 'does not exist' : `can't be read (${error.code})`;
}
/** The text of a file, or the reason why there is none. `shown` is the name for the user, `where` who named it. */
async function read_text_readText(path, shown, where) {
    const name = JSON.stringify(shown);
    const remedy = 'Name a requirements file; relative paths begin in the folder where the command runs, nested ones in that of their file.';
    const refusal = await (0,promises_.stat)(path).then((found) => (found.isFile() ? null : `${name} is ${found.isDirectory() ? 'a folder' : 'no regular file'}.`), (error) => `The file ${name} ${unreadable(error)}.`);
    if (refusal !== null) {
        return { where, what: refusal, remedy };
    }
    const read = await (0,promises_.readFile)(path).then((bytes) => ({ bytes, fault: '' }), (error) => ({ bytes: null, fault: unreadable(error) }));
    if (read.bytes === null) {
        return { where, what: `The file ${name} ${read.fault}.`, remedy: 'Let this user read it.' };
    }
    return read_text_decode(read.bytes) ?? { where, what: `The file ${name} is not UTF-8.`, remedy: 'Save it as UTF-8.' };
}
/** A path as messages show it: relative inside `cwd`, with slashes; absolute elsewhere. */
function shownPath(path, cwd) {
    const inside = (0,external_node_path_.relative)(cwd, path);
    return inside.startsWith('..') || (0,external_node_path_.isAbsolute)(inside) ? path : inside.split(external_node_path_.sep).join('/');
}

;// CONCATENATED MODULE: ./.build/src/request/requirement-set.js


/** Nothing read yet. */
function emptyDraft() {
    return {
        requirements: [],
        constraints: [],
        indexes: [],
        noIndex: false,
        preReleases: false,
        formats: [],
        notices: [],
        requireHashes: null,
    };
}
/** The set as it was read, frozen. */
function finishDraft(draft, pylock) {
    const { requirements, constraints, indexes, noIndex, preReleases, formats, notices } = draft;
    return Object.freeze({
        requirements: Object.freeze(requirements),
        constraints: Object.freeze(constraints),
        indexes: Object.freeze(indexes),
        noIndex,
        preReleases,
        formats: Object.freeze(formats),
        pylock,
        notices: Object.freeze(notices),
    });
}
/** Absolute folder of a find-links value, or the address of a page. Throws SyntaxError. */
function findLinks(value, folder) {
    if (/^file:/i.test(value)) {
        return { url: pathOfFileAddress(value), credentials: null };
    }
    return isAddress(value) ? parseAddress(value) : { url: (0,external_node_path_.resolve)(folder, value), credentials: null };
}
/**
 * Takes up an option that is about the whole set. `folder` is where a relative find-links begins: the folder of the file, as with pip.
 * Options that are not obeyed leave a notice with the reason. Throws SyntaxError for a wrong address.
 */
function applyOption(draft, { name, value }, origin, folder) {
    switch (name) {
        case '--index-url':
            // A later one replaces an earlier one, as with pip.
            draft.indexes = [
                ...draft.indexes.filter(({ kind }) => kind !== 'index-url'),
                { kind: 'index-url', ...parseAddress(value), origin },
            ];
            break;
        case '--extra-index-url':
            draft.indexes = [...draft.indexes, { kind: 'extra-index-url', ...parseAddress(value), origin }];
            break;
        case '--find-links':
            draft.indexes = [...draft.indexes, { kind: 'find-links', ...findLinks(value, folder), origin }];
            break;
        case '--no-index':
            draft.noIndex = true;
            break;
        case '--pre':
            draft.preReleases = true;
            break;
        case '--no-binary':
        case '--only-binary':
            draft.formats.push(`${name} ${value.replace(/\s*,\s*/g, ',')}`);
            break;
        case '--require-hashes':
            draft.requireHashes ??= origin;
            break;
        case '--trusted-host':
            draft.notices.push(`${origin}: --trusted-host ${value} is not obeyed: certificates are always checked. Name the host's CA by PIP_CERT or SSL_CERT_FILE instead.`);
            break;
        case '--use-feature':
            draft.notices.push(`${origin}: --use-feature ${value} is not obeyed: it switches a part of pip that takes no part here.`);
            break;
        case '--prefer-binary':
            draft.notices.push(`${origin}: --prefer-binary is not obeyed: the newest version that fits is taken, as a wheel where it has one.`);
            break;
        default:
            throw new TypeError(`${name} names a file and is no option of the set`);
    }
}

;// CONCATENATED MODULE: ./.build/src/request/files.js











async function addRequirement(reading, text, origin, role) {
    const line = parseRequirement(text, origin, reading.cwd);
    if (role === 'requirement') {
        reading.draft.requirements.push(await withLocalHash(line, reading.problems));
        return;
    }
    if (line.editable || line.extras.length > 0 || line.normalised === null) {
        throw new SyntaxError(`\`${redact(text)}\` can't be a constraint: it takes a name and no extras`);
    }
    reading.draft.constraints.push(line);
}
/** Relative paths of a file's options begin in its own folder; those of an input where the command runs. */
function folderOf(chain, cwd) {
    const file = chain.at(-1);
    return file === undefined ? cwd : (0,external_node_path_.dirname)(file);
}
async function readLine(reading, raw, origin, role, chain) {
    const { cwd, draft, environment } = reading;
    const text = expandVariables(raw, environment);
    if (!isOptionLine(text)) {
        await addRequirement(reading, text, origin, role);
        return;
    }
    for (const option of parseOptionLine(text)) {
        if (option.name === '--requirement' || option.name === '--constraint') {
            await readOne(reading, option.value, origin, option.name === '--constraint' ? 'constraint' : 'requirement', chain);
        }
        else {
            applyOption(draft, option, origin, folderOf(chain, cwd));
        }
    }
}
async function readLines(reading, text, shown, role, chain) {
    for (const { number, text: line } of logicalLines(text)) {
        const where = `${shown}:${number}`;
        try {
            await readLine(reading, line, where, role, chain);
        }
        catch (error) {
            if (error instanceof Failure) {
                reading.problems.push(...error.problems);
            }
            else if (error instanceof SyntaxError) {
                reading.problems.push({
                    where,
                    what: `The line can't be read: ${redact(error.message)}.`,
                    remedy: 'Correct the line.',
                });
            }
            else {
                throw error;
            }
        }
    }
}
/** Reads one file, named by a path, and those it names; `chain` are the files that led here. */
async function readOne(reading, named, where, role, chain) {
    if (isAddress(named)) {
        reading.problems.push({
            where,
            what: `${JSON.stringify(redact(named))} is an address, not a file.`,
            remedy: 'Download the file first and name it by its path.',
        });
        return;
    }
    const path = (0,external_node_path_.resolve)(folderOf(chain, reading.cwd), named);
    const shown = shownPath(path, reading.cwd);
    if (chain.includes(path)) {
        reading.problems.push({
            where,
            what: `${JSON.stringify(shown)} names itself, by way of ${chain.length} files.`,
            remedy: 'Take one of the lines out.',
        });
        return;
    }
    const key = `${role} ${path}`;
    if (reading.seen.has(key)) {
        return;
    }
    reading.seen.add(key);
    const text = await read_text_readText(path, shown, where);
    if (typeof text === 'string') {
        await readLines(reading, text, shown, role, [...chain, path]);
    }
    else {
        reading.problems.push(text);
    }
}
/** With `--require-hashes` every line has to carry a hash, as with pip. */
function missingHashes({ requirements, requireHashes }) {
    return requireHashes === null
        ? []
        : requirements
            .filter(({ hashes }) => hashes.length === 0)
            .map(({ origin, text }) => ({
            where: origin,
            what: `\`${text}\` has no hash, which ${requireHashes} requires (--require-hashes).`,
            remedy: 'Write `--hash=sha256:...` behind it.',
        }));
}
function isLock(path) {
    return /(?:^|[\\/])pylock(?:\.[^./\\]+)?\.toml$/.test(path);
}
/** A lock is complete: nothing may stand beside it. */
async function readLock(reading, paths, packages, where) {
    const path = (0,external_node_path_.resolve)(reading.cwd, paths.find(isLock) ?? '');
    const shown = shownPath(path, reading.cwd);
    if (paths.length > 1 || packages.trim() !== '') {
        reading.problems.push({
            where,
            what: `${JSON.stringify(shown)} is a lock and complete; nothing can be added to it by another file or by \`packages\`.`,
            remedy: 'Give the lock alone, or the requirements it was made from.',
        });
    }
    const text = await read_text_readText(path, shown, where);
    if (typeof text !== 'string') {
        reading.problems.push(text);
        return { path, lock: null };
    }
    try {
        return { path, lock: parsePylock(text, shown) };
    }
    catch (error) {
        if (!(error instanceof Failure)) {
            throw error;
        }
        reading.problems.push(...error.problems);
        return { path, lock: null };
    }
}
/**
 * Reads requirements files (nested ones too), `packages`, or a lock, and goes on behind a mistake so that all of them are told.
 * `where` names the two inputs in messages.
 */
async function readRequirements(paths, packages, where, context) {
    const reading = { ...context, draft: emptyDraft(), problems: [], seen: new Set() };
    if (paths.some(isLock)) {
        const { path, lock } = await readLock(reading, paths, packages, where.requirements);
        return { set: finishDraft(reading.draft, path), lock, problems: reading.problems };
    }
    for (const path of paths) {
        if (/\.toml$/i.test(path)) {
            reading.problems.push({
                where: where.requirements,
                what: `${JSON.stringify(path)} is no requirements file; of TOML files only \`pylock.toml\` and \`pylock.NAME.toml\` are read.`,
                remedy: 'Give a requirements file, or lock the project first.',
            });
        }
        else {
            await readOne(reading, path, where.requirements, 'requirement', []);
        }
    }
    await readLines(reading, packages, where.packages, 'requirement', []);
    return {
        set: finishDraft(reading.draft, null),
        lock: null,
        problems: [...reading.problems, ...missingHashes(reading.draft)],
    };
}

;// CONCATENATED MODULE: ./.build/src/request/inputs.js
const table = [
    {
        name: 'paddle-version',
        default: null,
        type: 'text',
        help: 'Version of PaddlePaddle: `3.2.2`, `3.3.*`, `>=3.1,<3.3`, `latest` or `nightly`. Left out: what the requirements pin, else the newest good release.',
    },
    {
        name: 'device',
        default: 'auto',
        type: 'text',
        help: 'What PaddlePaddle computes on: `auto` (what the machine has), `cpu`, `gpu` (newest CUDA build that driver and GPU take), `cu118` to `cu130`, or `xpu`, `npu`, `dcu`, `mlu`, `gcu`, `maca`, `ixuca`.',
    },
    {
        name: 'requirements',
        default: null,
        type: 'lines',
        help: 'Requirements files to install together with PaddlePaddle, one a line, or one `pylock.toml`.',
    },
    {
        name: 'packages',
        default: null,
        type: 'lines',
        help: 'More requirements, one a line, written as in a requirements file.',
    },
    {
        name: 'python',
        default: 'python',
        type: 'path',
        help: 'The Python to install for: a path or a name on PATH.',
    },
    {
        name: 'venv',
        default: null,
        type: 'path',
        help: 'Folder of the virtual environment to create or use again. Left out: the environment of the interpreter itself.',
    },
    {
        name: 'install',
        default: 'on',
        type: 'switch',
        choices: ['on', 'off'],
        help: '`off` only fills the cache, for a job that runs ahead of a matrix.',
    },
    {
        name: 'installer',
        default: 'uv',
        type: 'choice',
        choices: ['uv', 'pip'],
        help: 'The program that installs. Both get the same locked files.',
    },
    {
        name: 'mirrors',
        default: 'auto',
        type: 'lines',
        help: '`auto` takes the fastest that answers; else names of mirrors, `official`, or addresses of indexes, in order of wish, separated by commas or line ends. A list is exclusive.',
    },
    {
        name: 'paddle-index',
        default: null,
        type: 'lines',
        help: "Base addresses of PaddlePaddle's own index or copies of it, one a line. Left out: the known ones.",
    },
    {
        name: 'configure',
        default: 'pip',
        type: 'lines',
        choices: ['pip', 'off'],
        help: 'Which tools of later steps are told of the chosen index: `pip`, or `off` for none.',
    },
    {
        // Not `env-file`: Node takes a flag of that name for itself, wherever it stands on the command line.
        name: 'environment-file',
        default: null,
        type: 'path',
        help: 'File that also gets the environment of later steps, for shells and other CI systems.',
    },
    {
        name: 'cache',
        default: 'auto',
        type: 'choice',
        choices: ['auto', 'github', 'directory', 'off'],
        help: "Where wheels are kept between runs. `auto` is GitHub's cache on its own runners and a folder elsewhere.",
    },
    {
        name: 'cache-path',
        default: null,
        type: 'path',
        help: 'Folder of the cache. Left out: one that fits the machine.',
    },
    {
        name: 'verify',
        default: 'full',
        type: 'choice',
        choices: ['full', 'import', 'off'],
        help: '`full` compares computations with known answers, `import` only imports PaddlePaddle and checks its version.',
    },
    {
        name: 'gpu',
        default: 'required',
        type: 'choice',
        choices: ['required', 'optional'],
        help: '`required`: a GPU build without a usable GPU fails. `optional`: it is installed and said to be unverified on a GPU.',
    },
    {
        name: 'lock-max-age',
        default: '7d',
        type: 'duration',
        help: 'How long versions that nobody pinned are kept before they are resolved again: `30m`, `12h`, `7d`, or `0` to resolve every time.',
    },
    {
        name: 'timeout-minutes',
        default: '30',
        type: 'number',
        help: 'One deadline over everything, in minutes.',
    },
    {
        name: 'report',
        default: null,
        type: 'path',
        help: 'File for the report as JSON.',
    },
];
/** Every input there is. action.yml, CLI, README and parser are generated from this table or checked against it. */
const inputs = table;
/** Every output of the action, with what it holds. */
const outputs = [
    { name: 'paddle-version', help: 'Version of PaddlePaddle that was installed.' },
    { name: 'device', help: 'Build that was chosen: `cpu`, `cu126`, `xpu`, ...' },
    { name: 'cuda-version', help: 'CUDA version of the build, empty for a build without CUDA.' },
    { name: 'python', help: 'Path of the interpreter that has PaddlePaddle.' },
    { name: 'venv', help: 'Path of the virtual environment, empty without one.' },
    { name: 'mirror', help: 'The source that served most of the bytes, empty where nothing was downloaded.' },
    { name: 'cache-hit', help: '`true` where every file came from the cache.' },
    { name: 'cache-key', help: 'Key under which files and lock are kept.' },
    { name: 'lock', help: 'Path of the `pylock.toml` with the exact files.' },
    { name: 'report', help: 'Path of the report as JSON, empty where none was asked for.' },
    { name: 'gpu-count', help: 'Number of GPUs on which PaddlePaddle was verified.' },
    {
        name: 'verified',
        help: '`true` where the verification passed, `false` where it was switched off or partly left out.',
    },
];

;// CONCATENATED MODULE: ./.build/src/request/rules.js




/** A text of the user's as messages show it: one line, no secret, not longer than 80 characters. */
function show(text) {
    const masked = redact(text);
    return JSON.stringify(masked.length > 80 ? `${masked.slice(0, 77)}...` : masked);
}
/** The line to write instead, as the user writes inputs. */
function advise({ name, where }, value) {
    return where.startsWith('--') ? `Write \`--${name} ${value}\`.` : `Write \`${name}: ${value}\`.`;
}
/** The known spelling nearest to the one given: one that it begins, else the one with the fewest letters changed. */
function nearest(text, known) {
    const given = text.toLowerCase();
    const begun = given.length > 1 ? known.filter((one) => one.startsWith(given)) : [];
    const pool = begun.length > 0 ? begun : known;
    return pool.reduce((best, one) => ((0,mod/* distance */.Io)(given, one) < (0,mod/* distance */.Io)(given, best) ? one : best));
}
function list(words) {
    return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
/** One of several words, spelt as they are. */
function readChoice(given, words, report) {
    const found = words.find((word) => word === given.text);
    if (found === undefined) {
        report({
            where: given.where,
            what: `It is ${show(given.text)}; allowed is ${list(words)}.`,
            remedy: advise(given, nearest(given.text, words)),
        });
    }
    return found ?? words[0];
}
/** `on` or `off`. Other ways to say yes and no are refused with the right one: guessed right once, they are guessed wrong elsewhere. */
function readSwitch(given, report) {
    if (given.text !== 'on' && given.text !== 'off') {
        const no = /^(?:no|n|false|0|of+|none|never|disabled?)$/i.test(given.text);
        report({
            where: given.where,
            what: `It is ${show(given.text)}; allowed is on or off.`,
            remedy: advise(given, no ? 'off' : 'on'),
        });
    }
    return given.text === 'on';
}
const minute = 60_000;
const longestTimeout = 7 * 24 * 60;
/** Minutes as milliseconds, above zero and at most seven days: a longer wait than a runner gives a job is a mistake. */
function readMinutes(given, report) {
    const minutes = /^\d{1,9}(?:\.\d{1,6})?$/.test(given.text) ? Number(given.text) : Number.NaN;
    if (!(minutes > 0 && minutes <= longestTimeout)) {
        report({
            where: given.where,
            what: `It is ${show(given.text)}; allowed is a number of minutes above 0 and up to ${longestTimeout}.`,
            remedy: advise(given, minutes > longestTimeout ? String(longestTimeout) : '30'),
        });
        return minute;
    }
    return Math.ceil(minutes * minute);
}
const unitMs = { m: minute, h: 60 * minute, d: 24 * 60 * minute };
/** `30m`, `12h`, `7d` or `0`, as milliseconds. */
function readDuration(given, report) {
    const [, count = '', unit = ''] = /^(\d{1,5})([mhd])$/.exec(given.text) ?? [];
    const ms = Number(count) * (unitMs[unit] ?? 0);
    if (count === '' && given.text !== '0') {
        const digits = /^\d{1,5}/.exec(given.text)?.[0];
        report({
            where: given.where,
            what: `It is ${show(given.text)}; allowed is a number with m (minutes), h (hours) or d (days), or 0.`,
            remedy: advise(given, digits === undefined ? '7d' : `${digits}d`),
        });
    }
    return ms;
}
/** A device of the catalogue, `auto` or `gpu`. */
function readDevice(given, devices, report) {
    const known = [...new Set(['auto', 'cpu', 'gpu', ...devices])];
    if (!known.includes(given.text)) {
        report({
            where: given.where,
            what: `There is no device ${show(given.text)}; there are ${known.join(', ')}.`,
            remedy: advise(given, nearest(given.text, known)),
        });
    }
    return given.text;
}
/** A version, a version with a star, clauses, `latest` or `nightly`; '' is null: the requirements decide. */
function readPaddleVersion(given, report) {
    const { text } = given;
    if (text === '') {
        return null;
    }
    if (text === 'latest') {
        return { kind: 'newest' };
    }
    if (text === 'nightly') {
        return { kind: 'nightly' };
    }
    const bare = text.replace(/^v(?=\d)/i, '');
    const specifier = isVersion(bare) || /^\d+(?:\.\d+)*\.\*$/.test(bare) ? `==${bare}` : text.replace(/\s+/g, '');
    // A text without an operator is no specifier, so a word can't slip through.
    if (!isSpecifier(specifier)) {
        const word = nearest(text, ['latest', 'nightly']);
        const release = /\d+\.\d+/.exec(text)?.[0];
        report({
            where: given.where,
            what: `It is ${show(text)}; allowed is a version (3.2.2), a series (3.2.*), clauses (>=3.1,<3.3), latest or nightly.`,
            remedy: advise(given, release === undefined || (0,mod/* distance */.Io)(text.toLowerCase(), word) < 3 ? word : `'${release}.*'`),
        });
        return null;
    }
    return { kind: 'specifier', specifier, origin: given.where };
}
/** Values separated by commas or line ends, each once. */
function readList({ text }) {
    return [...new Set(text.split(/[,\n\r]/).map((one) => one.trim()))].filter((one) => one !== '');
}
/** An http(s) address of an index, credentials taken out; null after a report. */
function readAddress(given, text, report) {
    try {
        return parseAddress(text);
    }
    catch (error) {
        if (!(error instanceof SyntaxError)) {
            throw error;
        }
        report({
            where: given.where,
            what: `${show(text)} can't be used: ${error.message}.`,
            remedy: 'Write the whole address of an index, such as `https://mirror.example/simple/`.',
        });
        return null;
    }
}
/** `auto`, or names of the catalogue and addresses in order of wish. */
function readMirrors(given, names, report) {
    const words = readList(given);
    if (words.length === 1 && words[0] === 'auto') {
        return 'auto';
    }
    const known = [...new Set(['official', ...names])];
    return words.flatMap((word) => {
        if (known.includes(word)) {
            return [{ kind: 'name', name: word }];
        }
        if (/[:/]/.test(word)) {
            const address = readAddress(given, word, report);
            return address === null ? [] : [{ kind: 'url', ...address }];
        }
        const alone = word === 'auto';
        report({
            where: given.where,
            what: alone
                ? '`auto` stands alone: a list is exclusive.'
                : `There is no mirror ${show(word)}; there are ${known.join(', ')}, and addresses.`,
            remedy: alone ? 'Take `auto` out, or write nothing else.' : advise(given, nearest(word, ['auto', ...known])),
        });
        return [];
    });
}
/** Tools to configure; `off` alone is none. */
function readConfigure(given, report) {
    const words = readList(given);
    const wrong = words.filter((word) => word !== 'pip' && (word !== 'off' || words.length > 1));
    for (const word of wrong) {
        report({
            where: given.where,
            what: `It names ${show(word)}; allowed is pip, or off alone.`,
            remedy: advise(given, 'pip'),
        });
    }
    return words.includes('pip') ? ['pip'] : [];
}

;// CONCATENATED MODULE: ./.build/src/request/places.js






/** Absolute path of a file or folder input, `~/` taken for the home folder; null where nothing was given or after a report. */
function readPath(given, cwd, report) {
    if (given.text === '') {
        return null;
    }
    if (hasControl(given.text)) {
        report({
            where: given.where,
            what: `The path ${show(given.text)} holds a control character.`,
            remedy: 'Write one path on one line.',
        });
        return null;
    }
    if (isAddress(given.text)) {
        report({
            where: given.where,
            what: `${show(given.text)} is an address, not a path.`,
            remedy: 'Write a path of this machine.',
        });
        return null;
    }
    return /^~(?=$|[/\\])/.test(given.text) ? (0,external_node_path_.join)((0,external_node_os_.homedir)(), given.text.slice(1)) : (0,external_node_path_.resolve)(cwd, given.text);
}
/** Whether a text holds a line end, NUL or another character that no name has. */
function hasControl(text) {
    return /\p{Cc}/u.test(text);
}
function kindOf(path) {
    return (0,promises_.stat)(path).then((found) => (found.isDirectory() ? 'folder' : 'file'), ({ code }) => (code === 'ENOENT' ? 'none' : code === 'ENOTDIR' ? 'file' : 'closed'));
}
/** The path itself where it exists, else the nearest folder above it that does. */
async function nearestExisting(path) {
    let nearest = path;
    while ((await kindOf(nearest)) === 'none' && (0,external_node_path_.dirname)(nearest) !== nearest) {
        nearest = (0,external_node_path_.dirname)(nearest);
    }
    return nearest;
}
function isWritable(path) {
    return (0,promises_.access)(path, external_node_fs_.constants.W_OK).then(() => true, () => false);
}
/** The cache is a folder that this user can write, or one that can be made. */
async function checkCacheFolder(given, path, report) {
    const nearest = await nearestExisting(path);
    const kind = await kindOf(nearest);
    if (kind !== 'folder') {
        report({
            where: given.where,
            what: `${show(path)} can't be a folder: ${show(nearest)} is ${kind === 'file' ? 'a file' : 'closed to this user'}.`,
            remedy: 'Name a folder that exists or can be made.',
        });
    }
    else if (!(await isWritable(nearest))) {
        report({
            where: given.where,
            what: `${show(path)} can't be written: this user may not write in ${show(nearest)}.`,
            remedy: 'Name a folder of this user, or let the user write there.',
        });
    }
}
/** A virtual environment is one that exists, or is made in an empty place: nothing of the user's is ever overwritten. */
async function checkVenv(given, path, report) {
    const kind = await kindOf(path);
    if (kind === 'file') {
        report({
            where: given.where,
            what: `${show(path)} is a file or lies in one.`,
            remedy: 'Name a folder that is a virtual environment, is empty or is not there yet.',
        });
        return;
    }
    const entries = kind === 'folder' ? await (0,promises_.readdir)(path).catch(() => null) : [];
    if (kind === 'closed' || entries === null) {
        report({
            where: given.where,
            what: `${show(path)} can't be read by this user.`,
            remedy: 'Name a folder of this user.',
        });
    }
    else if (entries.length > 0 && !entries.includes('pyvenv.cfg')) {
        report({
            where: given.where,
            what: `${show(path)} is a folder with other things in it (${entries.slice(0, 3).join(', ')}) and no virtual environment.`,
            remedy: 'Name a folder that is a virtual environment, is empty or is not there yet.',
        });
    }
}
/** A file that is written at the end: its folder has to be there at the beginning. */
async function checkOutputFile(given, path, report) {
    const folder = (0,external_node_path_.dirname)(path);
    if ((await kindOf(path)) === 'folder') {
        report({ where: given.where, what: `${show(path)} is a folder.`, remedy: 'Name a file in it.' });
    }
    else if ((await kindOf(folder)) !== 'folder') {
        report({
            where: given.where,
            what: `The folder ${show(folder)} does not exist.`,
            remedy: 'Make it first, or name a file elsewhere.',
        });
    }
    else if (!(await isWritable(folder))) {
        report({
            where: given.where,
            what: `This user may not write in ${show(folder)}.`,
            remedy: 'Name a file in a folder of this user.',
        });
    }
}

;// CONCATENATED MODULE: ./.build/src/request/parse.js







/**
 * Which PaddlePaddle the requirements or the lock pin, where `paddle-version` says nothing.
 * What stands under a marker counts only once the interpreter is known.
 */
function pinned({ set, lock }, distributions, origin) {
    const pins = [
        ...(lock?.packages ?? []).map(({ name, marker, version }) => ({
            name: normalise(name),
            marker,
            specifier: version === null ? '' : `==${version}`,
            origin,
        })),
        ...set.requirements.map((line) => ({ ...line, name: line.normalised })),
    ];
    const pin = pins.find(({ name, marker, specifier }) => distributions.has(name ?? '') && marker === null && isExact(specifier));
    return pin === undefined ? { kind: 'newest' } : { kind: 'specifier', specifier: pin.specifier, origin: pin.origin };
}
/** A lock brings one PaddlePaddle; the wish may not say another. */
function checkLock(locked, wish, given, report) {
    if (locked.kind !== 'specifier' || wish?.kind !== 'specifier') {
        return;
    }
    const version = locked.specifier.slice('=='.length);
    if (!satisfies(version, wish.specifier, { prereleases: true })) {
        report({
            where: given.where,
            what: `It is ${show(given.text)}, but the lock given as requirements brings PaddlePaddle ${version}.`,
            remedy: 'Leave it out, or make the lock for that version.',
        });
    }
}
async function readPlaces(read, cwd, report) {
    const at = async (name, check) => {
        const given = read(name);
        const path = readPath(given, cwd, report);
        if (path !== null) {
            await check(given, path, report);
        }
        return path;
    };
    return {
        venv: await at('venv', checkVenv),
        envFile: await at('environment-file', checkOutputFile),
        cachePath: await at('cache-path', checkCacheFolder),
        reportFile: await at('report', checkOutputFile),
    };
}
/**
 * Inputs as text → Request, parsed, validated and frozen; an input that is missing or blank has its default.
 * Reads requirements files and looks at the places that are named, changes nothing.
 * Throws one Failure (exit code 2) that names everything that is wrong. Whether versions, devices and requirements agree is the
 * plan's to say: markers need the interpreter.
 */
async function parseRequest(raw, { cwd, environment, known, origin }) {
    const problems = [];
    const report = (problem) => {
        problems.push(problem);
    };
    const read = (name) => {
        const given = raw[name]?.trim() ?? '';
        const fallback = inputs.find((input) => input.name === name)?.default ?? '';
        return { name, where: origin === 'flag' ? `--${name}` : name, text: given === '' ? fallback : given };
    };
    const python = read('python');
    if (hasControl(python.text)) {
        report({
            where: python.where,
            what: `${show(python.text)} holds a control character.`,
            remedy: 'Write one name or path on one line.',
        });
    }
    const version = read('paddle-version');
    const wish = readPaddleVersion(version, report);
    const [files, packages] = [read('requirements'), read('packages')];
    const paths = files.text
        .split(/\r?\n/)
        .map((path) => path.trim())
        .filter((path) => path !== '');
    const readSet = await readRequirements(paths, packages.text, { requirements: files.where, packages: packages.where }, { cwd, environment });
    problems.push(...readSet.problems);
    const pin = pinned(readSet, known.distributions, files.text);
    if (readSet.lock !== null) {
        checkLock(pin, wish, version, report);
    }
    const paddleIndex = read('paddle-index');
    const request = {
        paddle: wish ?? pin,
        device: readDevice(read('device'), known.devices, report),
        requirements: readSet.set,
        python: python.text,
        install: readSwitch(read('install'), report),
        installer: readChoice(read('installer'), ['uv', 'pip'], report),
        mirrors: readMirrors(read('mirrors'), known.mirrors, report),
        paddleIndexes: readList(paddleIndex).flatMap((text) => readAddress(paddleIndex, text, report) ?? []),
        configure: readConfigure(read('configure'), report),
        cache: readChoice(read('cache'), ['auto', 'github', 'directory', 'off'], report),
        verify: readChoice(read('verify'), ['full', 'import', 'off'], report),
        gpu: readChoice(read('gpu'), ['required', 'optional'], report),
        lockMaxAgeMs: readDuration(read('lock-max-age'), report),
        timeoutMs: readMinutes(read('timeout-minutes'), report),
        ...(await readPlaces(read, cwd, report)),
    };
    if (problems.length > 0) {
        throw new Failure(2, problems);
    }
    return Object.freeze(request);
}

;// CONCATENATED MODULE: ./.build/src/request/secrets.js
/**
 * Every text of a request that must never be printed: user names and passwords of its indexes and mirrors, as they are and as they stand
 * in addresses. To be masked before anything else happens with the request.
 */
function secretsOf({ mirrors, paddleIndexes, requirements }) {
    const held = [
        ...(mirrors === 'auto' ? [] : mirrors.map((wish) => (wish.kind === 'url' ? wish.credentials : null))),
        ...[...paddleIndexes, ...requirements.indexes].map(({ credentials }) => credentials),
    ];
    const texts = held
        .filter((credentials) => credentials !== null)
        .flatMap(({ username, password }) => [username, password])
        .flatMap((text) => [text, encodeURIComponent(text)]);
    return [...new Set(texts)].filter((text) => text !== '');
}

;// CONCATENATED MODULE: ./.build/src/pipeline/read-request.js






/** Distributions that are PaddlePaddle itself; plug-ins stand beside one. */
const distributions = new Set(devices.map(({ distribution }) => distribution));
/** What is wrong with the interpreter, so that a wrong input beside it does not hide it. */
async function interpreterProblems(python, environment, signal) {
    try {
        await probeInterpreter({ python, venv: null, environment, signal });
        return [];
    }
    catch (error) {
        if (error instanceof Failure)
            return error.problems;
        throw error;
    }
}
/**
 * Inputs → Request, with every secret in it masked at once.
 * Throws one Failure(2) that names everything that is wrong, a missing interpreter included.
 */
async function readRequest(raw, origin, environment, log, signal) {
    const known = {
        devices: ['auto', 'gpu', ...devices.map(({ id }) => id)],
        mirrors: mirrors.map(({ id }) => id),
        distributions,
    };
    try {
        const request = await parseRequest(raw, { cwd: process.cwd(), environment, known, origin });
        for (const secret of secretsOf(request))
            log.mask(secret);
        return request;
    }
    catch (error) {
        const python = raw['python']?.trim() ?? '';
        if (!(error instanceof Failure) || python === '' || /\p{Cc}/u.test(python))
            throw error;
        const more = await interpreterProblems(python, environment, signal);
        throw new Failure(2, [...error.problems, ...more], { cause: error });
    }
}

;// CONCATENATED MODULE: ./.build/src/report/print-failure.js
/** All that is wrong, a paragraph each: `input: what is wrong.` and what to do on the next line. */
function formatProblems(problems) {
    const many = problems.length > 1 ? `${problems.length} things are wrong:\n` : '';
    return (many + problems.map((problem) => `error: ${problem.where}: ${problem.what}\n       ${problem.remedy}`).join('\n'));
}
/** A defect of the program itself: with its stack, and what would help to mend it. */
function formatDefect(error) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `This is a defect of paddle-mirror-setup, not of your input. Please report it with these lines:\n${stack}`;
}

;// CONCATENATED MODULE: ./.build/src/report/print-plan.js
/** What `plan` prints: what would be installed, for which Python, from where and under which key. */
function formatPlan(report) {
    const { plan, runner, cache, sources } = report;
    const lines = [];
    if (plan !== null)
        lines.push(`${plan.distribution} ${plan.version} for ${plan.device}${plan.cuda === null ? '' : ` (CUDA ${plan.cuda})`}`);
    for (const pin of plan?.pins ?? [])
        lines.push(`  ${pin.name}${pin.specifier}: ${pin.reason}`);
    if (runner !== null)
        lines.push(`python: ${runner.python} (${runner.pythonVersion}), ${[runner.os, runner.arch, runner.libc].filter((part) => part !== null).join(', ')}`);
    for (const source of sources)
        lines.push(`source: ${source.id} ${source.url} (${source.origin})`);
    if (cache !== null) {
        lines.push(`cache: ${cache.store} in ${cache.folder}; ${cache.reason}`);
        lines.push(`key: ${cache.key}`, ...cache.anatomy.map(({ part, value }) => `  ${part}: ${value}`));
        lines.push(cache.hit === 'exact'
            ? 'A lock is kept for this request: no index would be asked.'
            : 'No lock is kept for this request: it would be resolved.');
    }
    return `${lines.join('\n')}\n`;
}

;// CONCATENATED MODULE: ./.build/src/report/bars.js
/** Draws when a step ran within the whole, `width` characters wide: `···███████··`. A step always shows at least one block. */
function timeBar(step, totalMs, width) {
    const scale = width / Math.max(1, totalMs);
    const from = Math.min(width - 1, Math.floor(step.startMs * scale));
    const length = Math.max(1, Math.min(width - from, Math.round(step.ms * scale)));
    return '·'.repeat(from) + '█'.repeat(length) + '·'.repeat(width - from - length);
}

;// CONCATENATED MODULE: ./.build/src/report/progress.js
const UNITS = ['B', 'kB', 'MB', 'GB'];
/** Bytes in decimal units, as pip prints them: `217 MB`. */
function formatBytes(bytes) {
    let value = bytes;
    let unit = 0;
    // What would be rounded up to 1000 is one of the next unit.
    while (value >= 999.5 && unit < UNITS.length - 1) {
        value /= 1000;
        unit += 1;
    }
    return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit] ?? 'B'}`;
}
/** `0.4 s`, `65 s`, `12 min 5 s`, from ms. */
function formatDuration(ms) {
    const seconds = ms / 1000;
    if (seconds < 9.95)
        return `${seconds.toFixed(seconds < 0.995 ? 2 : 1)} s`;
    const whole = Math.round(seconds);
    return whole < 120 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
/** A file that is whole and large enough (bytes) to have been waited for gets a line of its own at its end. */
const WORTH_A_LINE = 1_000_000;
/** Whether an event says that a file worth telling of is whole. */
function isDone({ bytes, total }) {
    return total !== null && bytes === total && total >= WORTH_A_LINE;
}
/** Turns progress events into lines with percent, rate and source; the rate is that of the item since it was first seen. */
function createProgressText(now = () => performance.now()) {
    const seen = new Map();
    return (progress) => {
        const first = seen.get(progress.item) ?? { at: now(), bytes: progress.bytes };
        seen.set(progress.item, first);
        const seconds = (now() - first.at) / 1000;
        const parts = [progress.item];
        if (progress.total !== null && progress.total > 0)
            parts.push(`${Math.floor((100 * progress.bytes) / progress.total)} %`);
        parts.push(progress.total === null ? formatBytes(progress.bytes) : `of ${formatBytes(progress.total)}`);
        if (seconds > 0.2)
            parts.push(`${formatBytes((progress.bytes - first.bytes) / seconds)}/s`);
        if (progress.sources.length > 0)
            parts.push(`from ${progress.sources.join(', ')}`);
        return parts.join('  ');
    };
}

;// CONCATENATED MODULE: ./.build/src/report/headline.js

/** The run in one sentence: what is installed, what was proved, what was downloaded, how long it took. */
function headline(report) {
    if (report.outcome === 'failed') {
        const first = report.problems[0];
        return `Failed after ${formatDuration(report.totalMs)}${first === undefined ? '' : `: ${first.where}`}`;
    }
    const parts = [];
    if (report.plan !== null)
        parts.push(`${report.plan.distribution} ${report.plan.version} (${report.plan.device})`);
    if (report.verification !== null)
        parts.push(report.verification.verified ? 'verified' : 'not verified');
    if (report.cache !== null && report.gateway !== null) {
        const { bytesDownloaded } = report.cache;
        parts.push(bytesDownloaded === 0 ? 'nothing downloaded' : `${formatBytes(bytesDownloaded)} downloaded`);
    }
    return [...parts, `in ${formatDuration(report.totalMs)}`].join(', ');
}
/** What a source served and where it failed, in plain words; faults of one kind are told once. */
function describeSource(source) {
    const served = source.bytes > 0 ? `${formatBytes(source.bytes)} served` : 'no file served';
    const kinds = [...new Set(source.faults.map(({ kind }) => kind))];
    const faults = kinds.map((kind) => {
        const same = source.faults.filter((fault) => fault.kind === kind);
        const remedy = same.find((fault) => fault.remedy !== null)?.remedy;
        const more = same.length > 1 ? ` (${same.length} times)` : '';
        return `${kind}${more}: ${same[0]?.detail ?? ''}${remedy === undefined || remedy === null ? '' : ` ${remedy}`}`;
    });
    return [served, ...faults].join('; ');
}

;// CONCATENATED MODULE: ./.build/src/report/print-report.js



const BAR_WIDTH = 24;
const NAME_WIDTH = 24;
/** What the CLI prints at the end: the outcome, where the time went, which source served what. */
function formatReport(report) {
    const lines = [headline(report), ''];
    for (const step of report.steps) {
        const name = step.name.length > NAME_WIDTH ? `${step.name.slice(0, NAME_WIDTH - 1)}…` : step.name;
        lines.push(`  ${name.padEnd(NAME_WIDTH)} ${timeBar(step, report.totalMs, BAR_WIDTH)} ${formatDuration(step.ms)}`);
    }
    if (report.sources.length > 0)
        lines.push('', ...report.sources.map((source) => `  ${source.id}: ${describeSource(source)}`));
    if (report.cache !== null) {
        const { hit, folder, reason, store } = report.cache;
        lines.push(store === 'off' ? '  cache: off' : `  cache: ${hit} in ${folder} (${reason})`);
    }
    if (report.lock !== null && report.lock.path !== '')
        lines.push(`  lock: ${report.lock.path}`);
    if (report.install !== null)
        lines.push(`  python: ${report.install.python}`);
    return `${lines.join('\n')}\n`;
}

;// CONCATENATED MODULE: ./.build/src/report/print-sources.js

/** What `probe` prints: one line a source, the fastest first, and why a source did not answer. */
function formatProbes(probes) {
    const width = Math.max(8, ...probes.map(({ id }) => id.length));
    const lines = probes.map(({ id, url, origin, ms, bytesPerSecond, fault }) => {
        const page = ms === null ? '    -   ' : `${String(Math.round(ms)).padStart(5)} ms`;
        const rate = bytesPerSecond === null ? '         -' : `${formatBytes(bytesPerSecond)}/s`.padStart(10);
        const why = fault === null
            ? ''
            : `\n${' '.repeat(width + 2)}${fault.kind}: ${fault.detail}${fault.remedy === null ? '' : ` ${fault.remedy}`}`;
        return `${id.padEnd(width)}  ${page}  ${rate}  ${url}  (${origin})${why}`;
    });
    return `${[`${'source'.padEnd(width + 2)}    page        file`, ...lines].join('\n')}\n`;
}

;// CONCATENATED MODULE: ./.build/src/report/secrets.js
/** An empty set of secrets. */
function createSecrets() {
    const forms = new Set();
    return {
        add(secret) {
            if (secret.length < 3)
                return;
            forms.add(secret);
            forms.add(encodeURIComponent(secret));
            // A URL writes its password in a form of its own (WHATWG URL, userinfo percent-encode set).
            const address = new URL('http://user@host.invalid');
            address.password = secret;
            forms.add(address.password);
        },
        hide(text) {
            // Longest first, so that a secret that holds another one leaves nothing of itself behind.
            const ordered = [...forms].sort((a, b) => b.length - a.length);
            return ordered.reduce((hidden, form) => hidden.replaceAll(form, '***'), text);
        },
    };
}

;// CONCATENATED MODULE: ./.build/src/report/terminal-log.js


const PROGRESS_EVERY_MS = 5_000;
const LIVE_EVERY_MS = 100;
/** Text from outside must not move the cursor, set colours or write titles. */
function printable(text) {
    return text.replace(/(?![\n\t])\p{Cc}/gu, '');
}
/** Writes to a terminal: one live progress line, rewritten in place, where it is a TTY; a plain line every 5 s a file where it is not. */
function createTerminalLog(terminal, debug) {
    const secrets = createSecrets();
    const progressText = createProgressText();
    const printed = new Map();
    const warned = new Set();
    let live = false;
    const clear = () => {
        if (live)
            terminal.write('\r\u001b[K');
        live = false;
    };
    const line = (text) => {
        clear();
        terminal.write(`${secrets.hide(printable(text))}\n`);
    };
    return {
        info: line,
        debug: (text) => {
            if (debug)
                line(`debug: ${text}`);
        },
        warn: (notice) => {
            if (warned.has(notice.id))
                return;
            warned.add(notice.id);
            line(`warning: ${notice.text}`);
        },
        step: (name) => line(`- ${name}`),
        progress: (progress) => {
            const key = terminal.isTTY ? '' : progress.item;
            const last = printed.get(key);
            const now = performance.now();
            if (last === undefined)
                progressText(progress);
            if (isDone(progress)) {
                line(`  ${progressText(progress)}`);
                return;
            }
            if (last !== undefined && now - last < (terminal.isTTY ? LIVE_EVERY_MS : PROGRESS_EVERY_MS))
                return;
            printed.set(key, now);
            const text = secrets.hide(printable(`  ${progressText(progress)}`));
            if (terminal.isTTY) {
                clear();
                terminal.write(text.slice(0, Math.max(20, (terminal.columns || 80) - 1)));
                live = true;
            }
            else if (last !== undefined)
                terminal.write(`${text}\n`);
        },
        mask: (secret) => secrets.add(secret),
        hide: (text) => secrets.hide(printable(text)),
        end: clear,
    };
}

;// CONCATENATED MODULE: ./.build/src/report/timeline.js
/** Starts a timeline; `onStep` hears of each step as it begins. */
function startTimeline(onStep) {
    const start = performance.now();
    const elapsed = () => Math.round(performance.now() - start);
    const steps = [];
    let current = null;
    return {
        elapsed,
        current: () => current,
        steps: () => steps,
        async step(name, run) {
            onStep(name);
            current = name;
            const startMs = elapsed();
            let outcome = 'failed';
            try {
                const result = await run();
                outcome = 'done';
                current = null;
                return result;
            }
            finally {
                steps.push({ name, startMs, ms: elapsed() - startMs, outcome });
            }
        },
    };
}

;// CONCATENATED MODULE: ./.build/src/lock/lock-page.js
/** A locked file as an index would list it. */
function indexFile(file) {
    const { filename, sha256, size, requiresPython } = file;
    return {
        filename,
        sha256,
        hashOrigin: file.hashOrigin === 'local' ? 'lock' : file.hashOrigin,
        size,
        requiresPython,
        yanked: null,
        uploadTime: null,
        locations: file.urls.map(({ source, url }) => ({ source, url, sha256, size })),
    };
}
/** Makes the files of a lock known to the gateway, so that an installer may ask for `/files/<sha256>/<filename>`. */
function publishLock(gateway, lock) {
    for (const file of lock.files)
        gateway.publish(indexFile(file));
}
/**
 * The page of a locked project as the lock alone tells it, one file long, or null for another project. With it the gateway serves
 * pip, which needs pages, without asking an index.
 */
function lockPage(lock, project) {
    const files = lock.files.filter((file) => file.name === project).map(indexFile);
    return files.length === 0 ? null : { project, files, answered: ['lock'], faults: [] };
}

;// CONCATENATED MODULE: ./.build/src/pipeline/disk-space.js





/** Unpacked bytes for each packed one: 849 MB of 217 MB for the CPU build of 3.2.2 with what it depends on (measured). GPU builds hold less that shrinks. */
const unpackedRatio = 4;
async function disk_space_freeBytes(folder) {
    for (let place = folder;; place = external_node_path_.dirname(place)) {
        try {
            const [{ bavail, bsize }, { dev }] = await Promise.all([(0,promises_.statfs)(place), (0,promises_.stat)(place)]);
            return { free: bavail * bsize, device: dev };
        }
        catch (error) {
            if (error.code !== 'ENOENT' || external_node_path_.dirname(place) === place)
                return null;
        }
    }
}
/**
 * Looks whether what is still to be downloaded and unpacked has room, before the first byte of it. Throws Failure(1) where it certainly
 * has none: nothing unpacks to less than its packed size; warns where it probably has none.
 */
async function checkDiskSpace(run, store, lock, environment) {
    const found = await Promise.all(lock.files.map((file) => store.find(file.sha256, file.filename)));
    const sizes = lock.files.map((file) => file.size ?? 0);
    const missing = sizes.reduce((sum, size, index) => (found[index] === null ? sum + size : sum), 0);
    const whole = sizes.reduce((sum, size) => sum + size, 0);
    // With everything in the store the files may be unpacked as well, and are then linked: nothing can be foretold.
    if (missing === 0)
        return;
    const [cache, target] = await Promise.all([disk_space_freeBytes(store.root), disk_space_freeBytes(environment)]);
    if (cache === null || target === null)
        return;
    const shared = cache.device === target.device;
    const judge = (ratio) => {
        // uv unpacks into its cache, which lies in the store, and links from there; on another file system it copies.
        const inCache = missing + whole * ratio;
        const inTarget = shared ? 0 : whole * ratio;
        if (cache.free < inCache)
            return `${store.root} has ${formatBytes(cache.free)} free, and ${formatBytes(inCache)} are needed there`;
        if (target.free < inTarget)
            return `${environment} has ${formatBytes(target.free)} free, and ${formatBytes(inTarget)} are needed there`;
        return null;
    };
    const certain = judge(1);
    const remedy = 'Free some space, or name folders on another disk with cache-path and venv.';
    if (certain !== null)
        throw new Failure(1, [{ where: 'disk space', what: `At least: ${certain}.`, remedy }]);
    const likely = judge(unpackedRatio);
    if (likely !== null)
        tell(run, [{ id: 'disk-space', text: `The disk may be too small: ${likely} (estimated). ${remedy}` }]);
}

;// CONCATENATED MODULE: ./.build/src/install/installer-failure.js

/** Texts of uv 0.8 to 0.13 and pip 23 to 26, and of the operating systems under them. */
const causes = [
    {
        sign: /No space left on device|os error 28|not enough space on the disk|Errno 28/i,
        what: 'The disk is full.',
        remedy: 'Make room, or put the environment (venv) or the cache (cache-path) on a larger disk.',
    },
    {
        sign: /Hash mismatch|DO NOT MATCH THE HASHES|Expected sha256/i,
        what: 'A file does not have the hash of the lock.',
        remedy: 'The file or the lock was changed: delete the lock and the cached file, and run again.',
    },
    {
        sign: /Permission denied|os error 13|Access is denied|Errno 13|Read-only file system/i,
        what: 'The environment may not be written by this user.',
        remedy: 'Install into an environment of your own with venv, or run as the user who owns this one.',
    },
    {
        sign: /No module named '?pip\b/i,
        what: 'This Python has no pip.',
        remedy: 'Leave installer at uv, which needs none, or put pip in with `python -m ensurepip`.',
    },
    {
        sign: /Failed to build|failed building wheel|Build backend failed|subprocess-exited-with-error/i,
        what: 'A source distribution could not be built.',
        remedy: 'Install its build tools (a C compiler, the Python headers), or ask for a version that has a wheel.',
    },
    {
        sign: /requires a different Python|is not compatible with the current Python|not a supported wheel/i,
        what: 'A file of the lock is not for this interpreter.',
        remedy: 'Make the lock again with this interpreter, or choose the one that it was made for with python.',
    },
];
/** The last lines that say something. */
function installer_failure_lastLines(ran) {
    const lines = `${ran.stdout}\n${ran.stderr}`.split(/[\r\n]+/).map((line) => line.trim());
    const said = lines.filter((line) => line !== '' && !/^\[?notice|^WARNING: Running pip as the 'root'/.test(line));
    return said.slice(-8).join('\n');
}
/** An installer's end in plain words: the cause that its text shows, with its last lines; exit code 1. */
function installerFailure(purpose, ran) {
    const said = installer_failure_lastLines(ran);
    const cause = causes.find(({ sign }) => sign.test(`${ran.stdout}\n${ran.stderr}`));
    const problem = {
        where: purpose,
        what: `${cause?.what ?? `It ended with exit status ${ran.code ?? 'of a signal'}.`} It said:\n${said}`,
        remedy: cause?.remedy ?? 'The lines above say why; run it again with debugging on to see all of them.',
    };
    return new Failure(1, [problem]);
}

;// CONCATENATED MODULE: ./.build/src/install/paddle-files.js


/** Every build of PaddlePaddle itself (`paddlepaddle`, `paddlepaddle-gpu`, `paddlepaddle-xpu`, ...) unpacks into `paddle/`; plug-ins (`paddle-custom-*`) do not. */
function ownsPaddleFolder(distribution) {
    return distribution === 'paddlepaddle' || distribution.startsWith('paddlepaddle-');
}
/**
 * CUDA version of the installed build as its own `paddle/version/__init__.py` states it (`12.6`), null for a build without CUDA,
 * undefined where nothing readable is there.
 */
async function installedCuda(purelib) {
    const file = external_node_path_.join(purelib, 'paddle', 'version', '__init__.py');
    const text = await (0,promises_.readFile)(file, 'utf8').catch((error) => {
        if (error.code === 'ENOENT' || error.code === 'ENOTDIR')
            return '';
        throw error;
    });
    const value = /^cuda_version\s*=\s*['"]([^'"]*)['"]/m.exec(text)?.[1];
    return value === 'False' ? null : value;
}
/**
 * Wheels of one version for different CUDA versions have one file name, so an installer that finds the version takes any of them for
 * the right one, and two distributions overwrite each other's files. `cuda`: what `installedCuda` said.
 */
function paddleChange(paddle, cuda, lock) {
    const remove = Object.keys(paddle).filter((name) => ownsPaddleFolder(name) && name !== lock.distribution);
    const there = paddle[lock.distribution] === lock.paddleVersion;
    const sameBuild = cuda === lock.cuda || (lock.cuda !== null && cuda?.startsWith(`${lock.cuda}.`) === true);
    return { remove, reinstall: there && (remove.length > 0 || !sameBuild) ? [lock.distribution] : [] };
}

;// CONCATENATED MODULE: ./.build/src/install/program.js


/** Milliseconds that an installer has to leave its environment and its cache whole. */
const graceMs = 2_000;
/**
 * Runs a program of an installation to its end; any exit status is an answer. `purpose` is what the user sees: `uv pip install`.
 * Throws Failure(1) when it can't be started or meets its limit, and the signal's reason when that is aborted.
 */
async function runProgram(call) {
    const { purpose } = call;
    const ran = await run({ ...call, graceMs });
    if (ran.startError !== null) {
        const what = `${call.file} could not be started: ${ran.startError}.`;
        throw new Failure(1, [{ where: purpose, what, remedy: 'Check that the file may be executed.' }]);
    }
    if (ran.timedOut) {
        const what = `${purpose} had not ended after ${Math.round(call.limitMs / 1000)} s and was stopped.`;
        const remedy = 'Give it more time with timeout-minutes, or look at what the last lines of the log wait for.';
        throw new Failure(1, [{ where: purpose, what, remedy }]);
    }
    return ran;
}

;// CONCATENATED MODULE: ./.build/src/install/pip.js






/** The lock as pip is fed with it: one `==` pin with its hash a line, local files by their address. */
function hashedRequirements(lock) {
    const lines = lock.files.map((file) => {
        const local = file.hashOrigin === 'local' ? file.urls[0]?.url : undefined;
        const target = local === undefined ? `${file.name}==${file.version}` : `${file.name} @ ${local}`;
        return `${target} --hash=sha256:${file.sha256}\n`;
    });
    return lines.join('');
}
/**
 * pip with nothing of the machine's configuration. The proxy address holds the gateway's token, so it goes into the environment:
 * `--isolated` drops `PIP_PROXY`, but `HTTP_PROXY` is read (seen with pip 23.0 to 26.3). `--isolated` alone leaves a *site* `pip.conf`
 * in force, the null device does not.
 */
function runPip(args, cwd, wishes) {
    const limitMs = Math.max(1, wishes.remainingMs());
    return runProgram({
        file: wishes.interpreter.executable,
        args: ['-m', 'pip', '--isolated', '--disable-pip-version-check', '--no-input', ...args],
        environment: wishes.environment({
            PIP_CONFIG_FILE: external_node_os_.devNull,
            HTTP_PROXY: wishes.gateway.proxyUrl,
            PYTHONWARNINGS: 'ignore',
        }),
        cwd,
        limitMs,
        signal: wishes.signal,
        purpose: `pip ${args[0] ?? ''}`,
    });
}
/**
 * Installs a lock with the environment's pip, hashes checked, and then what no lock can hash.
 * Throws Failure(1) with cause and remedy where the installation fails.
 */
async function installWithPip(wishes) {
    const { lock, gateway, interpreter, log } = wishes;
    const folder = await (0,promises_.mkdtemp)(external_node_path_.join((0,external_node_os_.tmpdir)(), 'paddle-install-'));
    try {
        const hashed = external_node_path_.join(folder, 'requirements.txt');
        await (0,promises_.writeFile)(hashed, hashedRequirements(lock));
        const { remove, reinstall } = paddleChange(interpreter.paddle, await installedCuda(interpreter.purelib), lock);
        const gone = [...remove, ...reinstall];
        if (gone.length > 0) {
            log.info(`Uninstalling ${gone.join(', ')}: another build of ${lock.distribution} is wanted.`);
            const ran = await runPip(['uninstall', '--yes', ...gone], folder, wishes);
            if (ran.code !== 0)
                throw installerFailure('pip uninstall', ran);
        }
        const seconds = String(Math.max(1, Math.ceil(wishes.remainingMs() / 1000)));
        const index = ['--index-url', gateway.indexUrl, '--trusted-host', new URL(gateway.indexUrl).hostname];
        const quiet = ['--progress-bar', 'off', '--no-warn-script-location'];
        const common = [
            'install',
            '--no-deps',
            '--no-cache-dir',
            '--timeout',
            seconds,
            '--retries',
            '0',
            ...index,
            ...quiet,
        ];
        const run = () => runPip([...common, '--require-hashes', '-r', hashed], folder, wishes);
        const before = gateway.stats().broken.length;
        const first = await run();
        const again = first.code !== 0 && gateway.stats().broken.length > before;
        const ran = again ? await run() : first;
        log.debug(ran.stdout.trim());
        if (ran.code !== 0)
            throw installerFailure('pip install', ran);
        if (lock.unhashed.length > 0) {
            const rest = external_node_path_.join(folder, 'unhashed.txt');
            await (0,promises_.writeFile)(rest, lock.unhashed.map((line) => `${line}\n`).join(''));
            const last = await runPip([...common, '-r', rest], folder, wishes);
            if (last.code !== 0)
                throw installerFailure('pip install', last);
        }
        return { attempts: again ? 2 : 1 };
    }
    finally {
        await (0,promises_.rm)(folder, { recursive: true, force: true });
    }
}

;// CONCATENATED MODULE: ./.build/src/install/uv.js







function packageTable(file, origin) {
    const local = file.hashOrigin === 'local' ? file.urls[0]?.url : undefined;
    const where = local === undefined
        ? { url: `${origin}/files/${file.sha256}/${encodeURIComponent(file.filename)}` }
        : { path: (0,external_node_url_.fileURLToPath)(local) };
    const entry = { name: file.filename, ...where, hashes: { sha256: file.sha256 } };
    return {
        name: file.name,
        version: file.version,
        ...(local === undefined ? { index: `${origin}/simple` } : {}),
        ...(file.kind === 'wheel' ? { wheels: [entry] } : { sdist: entry }),
    };
}
/** The lock as uv is fed with it: a `pylock.toml` (PEP 751) whose addresses lead to the gateway; cold and warm the same text. */
function gatewayPylock(lock, origin) {
    return stringify({
        'lock-version': '1.0',
        'created-by': 'paddle-mirror-setup',
        'requires-python': lock.requiresPython,
        packages: lock.files.map((file) => packageTable(file, origin)),
    });
}
/** Runs once more where the gateway broke a connection over a wrong file and has repaired it since; its count decides, never a text. */
async function twice(run, gateway) {
    const before = gateway?.stats().broken.length ?? 0;
    const first = await run();
    const repaired = gateway !== null && gateway.stats().broken.length > before;
    return first.code !== 0 && repaired ? { ran: await run(), attempts: 2 } : { ran: first, attempts: 1 };
}
/**
 * Installs a lock with uv, hashes checked, and then what no lock can hash. uv itself sees what is already there.
 * Null where it was told to do without a gateway and could not (its cache lacks a file, a repository has to be asked): it is to be
 * called again with one. Other builds of PaddlePaddle may be uninstalled by then.
 * Throws Failure(1) with cause and remedy where the installation fails.
 */
async function installWithUv(wishes) {
    const { uv, lock, origin, gateway, interpreter, log } = wishes;
    const folder = await (0,promises_.mkdtemp)(external_node_path_.join((0,external_node_os_.tmpdir)(), 'paddle-install-'));
    try {
        const pylock = external_node_path_.join(folder, 'pylock.toml');
        await (0,promises_.writeFile)(pylock, gatewayPylock(lock, origin));
        const change = paddleChange(interpreter.paddle, await installedCuda(interpreter.purelib), lock);
        const into = ['--python', interpreter.executable];
        if (change.remove.length > 0) {
            log.info(`Uninstalling ${change.remove.join(', ')}: it shares its files with ${lock.distribution}.`);
            const ran = await uv(['pip', 'uninstall', ...into, ...change.remove], 'uv pip uninstall');
            if (ran.code !== 0)
                throw installerFailure('uv pip uninstall', ran);
        }
        const reinstall = change.reinstall.flatMap((name) => ['--reinstall-package', name]);
        const common = ['pip', 'install', '--no-deps', '--default-index', `${origin}/simple/`, ...into];
        const args = [...common, '--preview-features', 'pylock', ...reinstall, '-r', pylock];
        const { ran, attempts } = await twice(() => uv(args, 'uv pip install'), gateway);
        log.debug(ran.stderr.trim());
        if (ran.code !== 0 && gateway === null)
            return null;
        if (ran.code !== 0)
            throw installerFailure('uv pip install', ran);
        if (lock.unhashed.length > 0) {
            const rest = external_node_path_.join(folder, 'unhashed.txt');
            await (0,promises_.writeFile)(rest, lock.unhashed.map((line) => `${line}\n`).join(''));
            const last = await uv([...common, '-r', rest], 'uv pip install');
            if (last.code !== 0 && gateway === null)
                return null;
            if (last.code !== 0)
                throw installerFailure('uv pip install', last);
        }
        return { attempts };
    }
    finally {
        await (0,promises_.rm)(folder, { recursive: true, force: true });
    }
}

;// CONCATENATED MODULE: ./.build/src/install/venv.js





function unfit(folder, what) {
    const remedy = 'Name another folder with venv, or remove this one yourself: nothing that exists is overwritten.';
    return new Failure(2, [{ where: 'venv', what: `${folder} ${what}`, remedy }]);
}
/** Python of an environment by the layout of its platform. */
function pythonOf(folder) {
    return process.platform === 'win32' ? external_node_path_.join(folder, 'Scripts', 'python.exe') : external_node_path_.join(folder, 'bin', 'python');
}
/** `3.11` of the Python that an environment was made of, from its `pyvenv.cfg` (PEP 405; uv writes `version_info`); null where it tells none. */
function versionOf(config) {
    return /^version(?:_info)?\s*=\s*(\d+\.\d+)/m.exec(config)?.[1] ?? null;
}
/** Whether the folder holds an environment that can be used; throws Failure(2) where it holds something else. */
async function usable(wishes) {
    const { folder, interpreter } = wishes;
    const found = await (0,promises_.stat)(folder).catch((error) => {
        if (error.code === 'ENOENT')
            return null;
        throw unfit(folder, `can't be used: ${error.message}.`);
    });
    if (found === null)
        return false;
    if (!found.isDirectory())
        throw unfit(folder, 'is a file.');
    const names = await (0,promises_.readdir)(folder);
    if (names.length === 0)
        return false;
    if (!names.includes('pyvenv.cfg'))
        throw unfit(folder, 'is not empty and no virtual environment.');
    const version = versionOf(await (0,promises_.readFile)(external_node_path_.join(folder, 'pyvenv.cfg'), 'utf8'));
    const wanted = interpreter.version.split('.').slice(0, 2).join('.');
    if (version !== null && version !== wanted) {
        throw unfit(folder, `is an environment of Python ${version}, and Python ${wanted} is asked for.`);
    }
    const runs = await (0,promises_.stat)(pythonOf(folder)).catch(() => null);
    if (runs === null)
        throw unfit(folder, `is an environment whose Python ${pythonOf(folder)} is gone.`);
    return true;
}
function python(executable, args, purpose, wishes) {
    return runProgram({
        file: executable,
        args,
        environment: wishes.environment({}),
        cwd: external_node_path_.dirname(wishes.folder),
        limitMs: Math.max(1, wishes.remainingMs()),
        signal: wishes.signal,
        purpose,
    });
}
/** pip in the environment, from the interpreter's own `ensurepip`: no download, and the pip that this Python was released with. */
async function ensurePip(wishes) {
    const own = pythonOf(wishes.folder);
    const there = await python(own, ['-c', 'import pip'], 'looking for pip', wishes);
    if (there.code === 0)
        return;
    const ran = await python(own, ['-m', 'ensurepip', '--default-pip'], 'python -m ensurepip', wishes);
    if (ran.code === 0)
        return;
    const what = `The environment has no pip, and this Python can't put one in: ${ran.stderr.trim().split('\n').at(-1) ?? ''}.`;
    const remedy = "Leave installer at uv, which needs no pip, or install the system's package for ensurepip (python3-venv).";
    throw new Failure(2, [{ where: 'installer', what, remedy }], { cause: installerFailure('python -m ensurepip', ran) });
}
/**
 * Makes a virtual environment (PEP 405), or takes the one that is there; nothing existing is changed beside pip being added where
 * `installer` is pip. Always uv makes it: 0.07 s, also where the system's Python comes without `ensurepip`.
 * Throws Failure(2) where the folder holds something else or another Python's environment, Failure(1) where it can't be made.
 */
async function makeVenv(wishes) {
    const { folder, interpreter } = wishes;
    const there = await usable(wishes);
    if (!there) {
        await (0,promises_.mkdir)(external_node_path_.dirname(folder), { recursive: true });
        const args = ['venv', '--no-project', '--python', interpreter.executable, folder];
        const ran = await wishes.uv(args, 'uv venv');
        if (ran.code !== 0)
            throw installerFailure('uv venv', ran);
        wishes.log.info(`Made ${folder} with Python ${interpreter.version}.`);
    }
    if (wishes.installer === 'pip')
        await ensurePip(wishes);
    return { executable: pythonOf(folder), created: !there };
}

;// CONCATENATED MODULE: ./.build/src/pipeline/place.js





/** The environment to install into: made where it is not there yet. */
async function openEnvironment(run, { runner }, programs) {
    const { request, context, deadline } = run;
    const { interpreter } = runner;
    if (request.venv === null)
        return interpreter;
    const { executable, created } = await makeVenv({
        folder: request.venv,
        interpreter,
        installer: request.installer,
        uv: programs.runUv(null),
        environment: programs.environment,
        remainingMs: deadline.remainingMs,
        log: context.log,
        signal: deadline.signal,
    });
    // A new environment is empty, so with uv, which needs no pip in it, asking it would tell nothing.
    if (created && request.installer === 'uv')
        return { executable, purelib: request.venv, paddle: {}, pip: null };
    const { environment } = context;
    return probeInterpreter({ python: executable, venv: null, environment, signal: deadline.signal });
}
/**
 * Installs a lock into the environment of the request and gives the environment's interpreter. A kept lock is tried with uv's cache alone
 * first, which needs neither gateway nor network; where that lacks a file, the gateway serves it.
 */
async function place(run, prepared, lock, kept, works, programs) {
    const { request, context, deadline, story } = run;
    const { log, timeline } = context;
    const interpreter = await timeline.step('Open the environment', () => openEnvironment(run, prepared, programs));
    const { installer, venv } = request;
    const open = async () => {
        const gateway = await works.open();
        publishLock(gateway, lock);
        return gateway;
    };
    const withUv = async () => {
        const common = { lock, origin: works.origin, interpreter, log };
        const offline = kept ? await installWithUv({ ...common, uv: programs.runUv(null), gateway: null }) : null;
        if (offline !== null)
            return offline.attempts;
        const gateway = await open();
        const online = await installWithUv({ ...common, uv: programs.runUv(gateway), gateway });
        return online?.attempts ?? 1;
    };
    const withPip = async () => {
        const { remainingMs, signal } = deadline;
        const { environment } = programs;
        const { attempts } = await installWithPip({
            lock,
            gateway: await open(),
            interpreter,
            log,
            environment,
            remainingMs,
            signal,
        });
        return attempts;
    };
    const attempts = await timeline.step('Install', installer === 'uv' ? withUv : withPip);
    const installerVersion = (installer === 'uv' ? programs.uv.version : interpreter.pip) ?? '';
    story.install = { installer, installerVersion, python: interpreter.executable, venv, attempts };
    return interpreter.executable;
}

;// CONCATENATED MODULE: ./.build/src/install/uv.json
const install_uv_namespaceObject = /*#__PURE__*/JSON.parse('{"rE":"0.13.9","os":"0.8.4","tg":[{"filename":"uv-0.13.9-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl","size":17606939,"sha256":"d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19"},{"filename":"uv-0.13.9-py3-none-musllinux_1_1_x86_64.whl","size":19295638,"sha256":"2c45530751517d6c3bbc69a19473f6effe47cce047bede01ffd8af7ea7b36b25"},{"filename":"uv-0.13.9-py3-none-manylinux_2_28_aarch64.whl","size":16864124,"sha256":"ecb6028d79dc96fbeafffe5c8af62a7099487ebc05a701e76714eebcffd06375"},{"filename":"uv-0.13.9-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64.whl","size":18026789,"sha256":"5435c5ce14a56431208ca0996416d310f1598e8c2c8ba707688985a16bb82dbe"},{"filename":"uv-0.13.9-py3-none-macosx_10_12_x86_64.whl","size":17529974,"sha256":"c16ed11e013557536b3e60065f1b912f6407bd6518e041b961e23ef9e6b4fbf5"},{"filename":"uv-0.13.9-py3-none-macosx_11_0_arm64.whl","size":14660755,"sha256":"66c512266d633bef48384a1f53003f41f2a8e7b36fe6e7fbfd3e0fd52d96fa63"},{"filename":"uv-0.13.9-py3-none-win_amd64.whl","size":15662317,"sha256":"6a44b2ed8111d2f60d2b92627c5dccda3f7ed7570b18ce115e569cd68c28246b"},{"filename":"uv-0.13.9-py3-none-win_arm64.whl","size":15841844,"sha256":"eeb92051c2123b9730c46b04cc843cfa4bc7d7b0aec56df431a2215ef4cb0273"}]}');
;// CONCATENATED MODULE: ./.build/src/install/uv-release.js

/** The version of uv that is brought. */
const uvVersion = install_uv_namespaceObject.rE;
/** The oldest uv that is used where the machine has one: the first whose `--preview-features pylock` installs a `pylock.toml`. */
const oldestUv = install_uv_namespaceObject.os;
/**
 * The pinned wheel that runs where the interpreter runs, or null where there is none.
 * uv is one static program, so only the platform part of the tag (PEP 425) counts.
 */
function uvWheel(interpreter) {
    const platforms = new Set(interpreter.tags.map((tag) => tag.slice(tag.lastIndexOf('-') + 1)));
    return (install_uv_namespaceObject.tg.find(({ filename }) => {
        const platform = filename.slice(filename.lastIndexOf('-') + 1, -'.whl'.length);
        return platform.split('.').some((name) => platforms.has(name));
    }) ?? null);
}

;// CONCATENATED MODULE: ./.build/src/install/bring-uv.js








const executable = process.platform === 'win32' ? 'uv.exe' : 'uv';
/** Milliseconds for `uv --version` and for unpacking 18 MB; both take a fraction of it. */
const versionLimit = 10_000;
const unpackLimit = 60_000;
/** Takes one member out of a wheel; `zipfile` belongs to every Python, while `unzip` and `tar` are not on every machine. */
const unpackScript = `
import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel, wheel.open(sys.argv[2]) as member, open(sys.argv[3], 'wb') as target:
    shutil.copyfileobj(member, target)
`;
/** What the program at hand needs of the machine's environment; Windows can't start a process without its own folder. */
function smallEnvironment(environment) {
    const names = ['PATH', 'HOME', 'SystemRoot', 'TEMP', 'TMP', 'TMPDIR'];
    return Object.fromEntries(names.flatMap((name) => (environment[name] ? [[name, environment[name]]] : [])));
}
/** Version of a program that calls itself uv, or null with the reason in the debug log. */
async function bring_uv_versionOf(file, wishes) {
    try {
        const ran = await runProgram({
            file,
            args: ['--version'],
            environment: smallEnvironment(wishes.environment),
            cwd: external_node_path_.dirname(file),
            limitMs: versionLimit,
            signal: wishes.signal,
            purpose: `${file} --version`,
        });
        const version = /^uv (\d+\.\d+\.\d+)/.exec(ran.stdout)?.[1] ?? null;
        if (version === null)
            wishes.log.debug(`${file} is not used: --version ended with ${ran.code}.`);
        return version;
    }
    catch (error) {
        if (!(error instanceof Failure))
            throw error;
        wishes.log.debug(`${file} is not used: ${error.message}`);
        return null;
    }
}
function isExecutable(file) {
    return (0,promises_.access)(file, external_node_fs_.constants.X_OK).then(() => true, () => false);
}
async function existingUv(wishes) {
    const search = wishes.environment['PATH'] ?? wishes.environment['Path'] ?? '';
    for (const folder of search.split(external_node_path_.delimiter).filter((entry) => external_node_path_.isAbsolute(entry))) {
        const file = external_node_path_.join(folder, executable);
        const version = (await isExecutable(file)) ? await bring_uv_versionOf(file, wishes) : null;
        if (version === null)
            continue;
        if (compareVersions(version, oldestUv) >= 0)
            return { path: file, version, origin: 'existing' };
        wishes.log.debug(`${file} is uv ${version}; ${oldestUv} or newer is needed.`);
    }
    return null;
}
/** The kept copy in a folder, if it still runs and is the pinned version. */
async function keptUv(folder, wishes) {
    const file = external_node_path_.join(folder, executable);
    if (!(await isExecutable(file)))
        return null;
    return (await bring_uv_versionOf(file, wishes)) === uvVersion ? { path: file, version: uvVersion, origin: 'kept' } : null;
}
/** Remedy wherever uv can't be brought. */
const remedy = `Install uv ${oldestUv} or newer and put it on PATH, or name an index in mirrors that has uv ${uvVersion}.`;
async function fetchWheel(wheel, wishes) {
    const page = await wishes.page('uv');
    const listed = page.files.find((file) => file.filename === wheel.filename);
    if (listed === undefined) {
        const asked = page.answered.length > 0 ? page.answered.join(', ') : 'no source (none answered)';
        const faults = page.faults.map((fault) => ` ${fault.source}: ${fault.detail}.`).join('');
        const what = `The installer uv is not on this machine, and ${wheel.filename} is not listed by ${asked}.${faults}`;
        throw new Failure(1, [{ where: 'uv', what, remedy }]);
    }
    wishes.log.info(`Bringing uv ${uvVersion} (${(wheel.size / 1e6).toFixed(1)} MB).`);
    return wishes.fetch({
        ...listed,
        sha256: wheel.sha256,
        hashOrigin: 'lock',
        size: wheel.size,
        locations: listed.locations.filter(({ sha256 }) => sha256 === null || sha256 === wheel.sha256),
    });
}
/** Unpacks uv into `folder/uv`. */
async function unpack(wheel, folder, wishes) {
    const target = external_node_path_.join(folder, executable);
    const ran = await runProgram({
        file: wishes.interpreter.executable,
        args: ['-I', '-c', unpackScript, wheel.path, `uv-${uvVersion}.data/scripts/${executable}`, target],
        environment: smallEnvironment(wishes.environment),
        cwd: folder,
        limitMs: unpackLimit,
        signal: wishes.signal,
        purpose: 'unpacking uv',
    });
    if (ran.code !== 0) {
        const what = `uv could not be unpacked into ${folder}: ${ran.stderr.trim().split('\n').at(-1) ?? ''}.`;
        throw new Failure(1, [{ where: 'uv', what, remedy: 'Check the free space and the rights of that folder.' }]);
    }
    await (0,promises_.chmod)(target, 0o755);
}
/** Moves the unpacked folder to its place. Another run may have been first: its copy stays, unless it does not run. */
async function settle(staging, folder, wishes) {
    await (0,promises_.mkdir)(external_node_path_.dirname(folder), { recursive: true });
    try {
        await (0,promises_.rename)(staging, folder);
    }
    catch (error) {
        if (!['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(error.code ?? ''))
            throw error;
        if ((await keptUv(folder, wishes)) !== null)
            return;
        await (0,promises_.rm)(folder, { recursive: true, force: true });
        await (0,promises_.rename)(staging, folder);
    }
}
/**
 * A uv that is new enough: the machine's own, else the copy kept by an earlier run (in a job the runner's tool cache, elsewhere
 * `uv/<version>/<platform>/` under the tools folder), else the pinned wheel from the machine's own index.
 * Throws Failure(1) where none can be had.
 */
async function bringUv(wishes) {
    const existing = await existingUv(wishes);
    if (existing !== null)
        return existing;
    const wheel = uvWheel(wishes.interpreter);
    if (wheel === null) {
        const what = `The installer uv is not on this machine, and uv ${uvVersion} has no wheel for ${wishes.interpreter.platform}.`;
        throw new Failure(1, [{ where: 'uv', what, remedy: `Install uv ${oldestUv} or newer and put it on PATH.` }]);
    }
    const platform = `${wishes.interpreter.platform}${wishes.interpreter.musl === null ? '' : '-musl'}`;
    const toolCache = wishes.jobToolCache && process.env['RUNNER_TOOL_CACHE'] !== undefined ? await Promise.all(/* import() */[__nccwpck_require__.e(752), __nccwpck_require__.e(955), __nccwpck_require__.e(507), __nccwpck_require__.e(805)]).then(__nccwpck_require__.bind(__nccwpck_require__, 9805)) : null;
    const own = external_node_path_.join(wishes.toolsFolder, 'uv', uvVersion, platform);
    const found = toolCache === null ? own : toolCache.find('uv', uvVersion, platform);
    const kept = found === '' ? null : await keptUv(found, wishes);
    if (kept !== null)
        return kept;
    const staging = external_node_path_.join(wishes.toolsFolder, `.uv-${(0,external_node_crypto_.randomUUID)()}`);
    await (0,promises_.mkdir)(staging, { recursive: true });
    try {
        await unpack(await fetchWheel(wheel, wishes), staging, wishes);
        const folder = toolCache === null ? own : await toolCache.cacheDir(staging, 'uv', uvVersion, platform);
        if (toolCache === null)
            await settle(staging, own, wishes);
        const brought = await keptUv(folder, wishes);
        if (brought !== null)
            return { ...brought, origin: 'brought' };
        const what = `uv ${uvVersion} was brought for ${platform}, but ${external_node_path_.join(folder, executable)} does not run here.`;
        throw new Failure(1, [{ where: 'uv', what, remedy: `Check that programs may run from that folder, or ${remedy}` }]);
    }
    finally {
        await (0,promises_.rm)(staging, { recursive: true, force: true });
    }
}

;// CONCATENATED MODULE: ./.build/src/install/uv-program.js

/**
 * uv, bound to the gateway. The proxy address holds the gateway's token, so it goes into the environment and never into an argument,
 * which every user of the machine can read. Time-outs are what is left of the deadline and there are no retries: all waiting and
 * all changing of sources is done behind the gateway.
 */
function uvProgram(options) {
    return (args, purpose) => {
        const limitMs = Math.max(1, options.remainingMs());
        const environment = options.environment({
            UV_PYTHON_DOWNLOADS: 'never',
            UV_HTTP_TIMEOUT: String(Math.ceil(limitMs / 1000)),
            UV_HTTP_RETRIES: '0',
            NO_COLOR: '1',
            ...(options.gateway === null ? {} : { HTTP_PROXY: options.gateway.proxyUrl }),
        });
        const common = ['--no-config', '--no-progress', '--cache-dir', options.cacheFolder];
        return runProgram({
            file: options.path,
            args: [...args, ...common, ...(options.gateway === null ? ['--offline'] : [])],
            environment,
            cwd: options.cwd,
            limitMs,
            signal: options.signal,
            purpose,
        });
    };
}

;// CONCATENATED MODULE: ./.build/src/runner/clean-environment.js
/** Where the operating system and the user are; programs do not start, or not right, without them. */
const system = [
    'PATH HOME USER LOGNAME SHELL TZ LANG LANGUAGE TMPDIR TMP TEMP TERM',
    'SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC PATHEXT OS USERNAME USERPROFILE HOMEDRIVE HOMEPATH APPDATA LOCALAPPDATA PROGRAMDATA ALLUSERSPROFILE',
    'PROGRAMFILES PROGRAMFILES(X86) PROGRAMW6432 COMMONPROGRAMFILES COMMONPROGRAMFILES(X86) NUMBER_OF_PROCESSORS PROCESSOR_ARCHITECTURE',
    'LD_LIBRARY_PATH DYLD_LIBRARY_PATH DYLD_FALLBACK_LIBRARY_PATH XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_RUNTIME_DIR',
];
/** What a build of an sdist or a VCS requirement may need: compilers, their search paths, git and its keys, version managers' shims. */
const building = [
    'CC CXX CPP FC AR AS LD NM RANLIB STRIP CFLAGS CXXFLAGS CPPFLAGS FFLAGS LDFLAGS LDSHARED ARCHFLAGS MAKE MAKEFLAGS',
    'CPATH C_INCLUDE_PATH CPLUS_INCLUDE_PATH LIBRARY_PATH PKG_CONFIG PKG_CONFIG_PATH PKG_CONFIG_LIBDIR INCLUDE LIB LIBPATH',
    'SDKROOT DEVELOPER_DIR MACOSX_DEPLOYMENT_TARGET SOURCE_DATE_EPOCH CUDA_HOME CUDA_PATH CARGO_HOME RUSTUP_HOME RUSTFLAGS',
    'SSH_AUTH_SOCK PYENV_ROOT PYENV_VERSION ASDF_DIR ASDF_DATA_DIR',
];
const clean_environment_names = new Set([...system, ...building].flatMap((line) => line.split(' ')));
const families = /^(LC_|CMAKE_|GIT_(SSH|SSL_|CONFIG_|ASKPASS|TERMINAL_)|SETUPTOOLS_SCM_|VSCMD_|VC(IDE|INSTALL|TOOLS))(?!.*PROXY)/;
/**
 * The environment of an installer: what the lists above name, and `extra`, which wins. An allow-list, because anything else changes
 * what uv and pip do in ways that cannot all be known: `UV_*`, `PIP_*`, `*_PROXY`, `NO_PROXY`, `REQUEST_METHOD` (makes HTTP_PROXY be
 * ignored), `NETRC`, `VIRTUAL_ENV`, `CONDA_PREFIX`, `PYTHONHOME` and `PYTHONPATH` (what it holds looks installed and is not in the
 * environment), CA files and every token of the job stay out. Names are compared without regard to case, as Windows does.
 */
function installerEnvironment(environment, extra) {
    const ours = new Set(Object.keys(extra).map((name) => name.toUpperCase()));
    const kept = Object.entries(environment).flatMap(([name, value]) => {
        const upper = name.toUpperCase();
        const wanted = value !== undefined && !ours.has(upper) && (clean_environment_names.has(upper) || families.test(upper));
        return wanted ? [[name, value]] : [];
    });
    return { ...Object.fromEntries(kept), ...extra };
}

;// CONCATENATED MODULE: ./.build/src/pipeline/programs.js




/** Brings uv, which resolves and makes environments for either installer. */
async function bringPrograms(run, prepared, desk, works, { store }) {
    const { context, deadline } = run;
    const { interpreter, host } = prepared.runner;
    const uv = await context.timeline.step('Bring uv', () => bringUv({
        interpreter,
        page: (project) => desk.sources.page(project),
        fetch: (file) => works.transfers.get(file).done,
        toolsFolder: store.folders.tools,
        jobToolCache: host !== 'shell',
        environment: context.environment,
        log: context.log,
        signal: deadline.signal,
    }));
    const environment = (extra) => installerEnvironment(context.environment, extra);
    return {
        uv,
        environment,
        runUv: (gateway) => uvProgram({
            path: uv.path,
            environment,
            gateway,
            cacheFolder: store.folders.uv,
            cwd: external_node_path_.dirname(uv.path),
            remainingMs: deadline.remainingMs,
            signal: deadline.signal,
        }),
    };
}

;// CONCATENATED MODULE: ./.build/src/install/sdist-pyproject.js



/** Prints the `pyproject.toml` of the one top folder (PEP 517 asks for that layout); bounded, for an archive can claim any size. */
const script = `
import sys, tarfile, zipfile
limit = 1 << 20
def top(name):
    return name.count('/') == 1 and name.endswith('/pyproject.toml')
data = b''
if sys.argv[1].endswith('.zip'):
    with zipfile.ZipFile(sys.argv[1]) as archive:
        for info in archive.infolist():
            if top(info.filename):
                data = archive.open(info).read(limit)
else:
    with tarfile.open(sys.argv[1]) as archive:
        for member in archive:
            if top(member.name) and member.isfile():
                data = archive.extractfile(member).read(limit)
                break
sys.stdout.buffer.write(data)
`;
/** Milliseconds for reading one archive. */
const sdist_pyproject_limitMs = 30_000;
/**
 * Text of an sdist's `pyproject.toml`, or null where it has none; nothing is unpacked and none of its code is run.
 * Throws Failure(1) where the archive can't be read.
 */
async function sdistPyproject(sdist, interpreter, environment, signal) {
    const purpose = `reading ${external_node_path_.basename(sdist)}`;
    const args = ['-I', '-c', script, sdist];
    const call = { file: interpreter.executable, args, environment: environment({}), cwd: external_node_path_.dirname(sdist) };
    const ran = await runProgram({ ...call, limitMs: sdist_pyproject_limitMs, signal, purpose });
    if (ran.code === 0)
        return ran.stdout === '' ? null : ran.stdout;
    const what = `It can't be read as a source distribution: ${ran.stderr.trim().split('\n').at(-1) ?? ''}.`;
    throw new Failure(1, [{ where: external_node_path_.basename(sdist), what, remedy: 'Ask for another version of that package.' }]);
}

;// CONCATENATED MODULE: ./.build/src/lock/build-requirements.js

/** What building takes where a project does not say it (PEP 518, PEP 517). */
const unsaid = ['setuptools>=40.8.0', 'wheel'];
/**
 * The build requirements of an sdist, from the text of its `pyproject.toml` (`[build-system] requires`, PEP 518);
 * null: it has no such file. A file that can't be read says nothing, and the build will say why.
 */
function buildRequirements(pyproject) {
    if (pyproject === null)
        return unsaid;
    let table;
    try {
        table = parse_parse(pyproject)['build-system'];
    }
    catch (error) {
        if (!(error instanceof TomlError))
            throw error;
        return [];
    }
    if (typeof table !== 'object' || table === null || !('requires' in table))
        return unsaid;
    const { requires } = table;
    return Array.isArray(requires) ? requires.filter((entry) => typeof entry === 'string') : [];
}

;// CONCATENATED MODULE: ./.build/src/lock/formats.js

/** `--no-binary a,b` → its option and names; pip takes a blank or an equals sign between them. */
function parts(line) {
    const [, option = '', list = ''] = /^(--no-binary|--only-binary)[\s=]+(.+)$/.exec(line.trim()) ?? [];
    return {
        option,
        names: list
            .split(',')
            .map((name) => name.trim())
            .filter((name) => name !== ''),
    };
}
/** `--no-binary`/`--only-binary` lines of requirements files as arguments of uv, which takes one name an option. */
function formatArguments(lines) {
    return lines.flatMap((line) => {
        const { option, names } = parts(line);
        return names.flatMap((name) => [option, name]);
    });
}
/**
 * What the lines allow for a package, read in order as pip does: `:all:` stands for every package, `:none:` empties the list,
 * and a package named in one list leaves the other.
 */
function formatsFor(name, lines) {
    const lists = { '--no-binary': new Set(), '--only-binary': new Set() };
    for (const { option, names } of lines.map(parts)) {
        if (option !== '--no-binary' && option !== '--only-binary')
            continue;
        const [own, other] = option === '--no-binary'
            ? [lists['--no-binary'], lists['--only-binary']]
            : [lists['--only-binary'], lists['--no-binary']];
        for (const given of names) {
            if (given === ':none:')
                own.clear();
            else if (given === ':all:') {
                own.clear();
                other.clear();
                own.add(given);
            }
            else {
                own.add(normalise(given));
                other.delete(normalise(given));
            }
        }
    }
    const within = (set, rival) => set.has(name) || (set.has(':all:') && !rival.has(name));
    return {
        wheel: !within(lists['--no-binary'], lists['--only-binary']),
        sdist: !within(lists['--only-binary'], lists['--no-binary']),
    };
}

;// CONCATENATED MODULE: ./.build/src/lock/choose-file.js





/** sdists come as `.tar.gz` (PEP 625); older files may lie beside it. */
function bestSdist(files) {
    const sdists = files.filter((file) => parseFilename(file.filename)?.kind === 'sdist');
    return sdists.find((file) => file.filename.endsWith('.tar.gz')) ?? sdists[0] ?? null;
}
/**
 * The one file of a resolved version that the interpreter takes: the best wheel, else the sdist; a yanked one (PEP 592) only where
 * nothing else is there. Throws Failure(1) where the page has none, Failure(2) where the user's hashes leave none.
 */
function chooseFile(choice) {
    const { name, version, page, interpreter, accepted } = choice;
    const allowed = formatsFor(name, choice.formats);
    // Far fewer versions than files: a page may list thousands.
    const versions = new Set(page.files.map((file) => parseFilename(file.filename)?.version ?? version));
    const spellings = new Set([...versions].filter((listed) => compareVersions(listed, version) === 0));
    const ofVersion = page.files.filter((file) => {
        const parsed = parseFilename(file.filename);
        const fits = parsed?.name === name && spellings.has(parsed.version) && allowed[parsed.kind];
        return (fits &&
            (file.requiresPython === null || satisfies(interpreter.version, file.requiresPython, { prereleases: true })));
    });
    // A file that lists no hash may still turn out to have an accepted one.
    const right = ofVersion.filter(({ sha256 }) => accepted.size === 0 || sha256 === null || accepted.has(sha256));
    const unyanked = right.filter((file) => file.yanked === null);
    const pick = (files) => bestWheel(files, interpreter.tags) ?? bestSdist(files);
    const file = pick(unyanked) ?? pick(right);
    if (file !== null)
        return file;
    if (pick(ofVersion) !== null) {
        const what = `No file of ${name} ${version} has a hash that its --hash options accept.`;
        throw new Failure(2, [{ where: name, what, remedy: 'Add the hash of the file for this Python and platform.' }]);
    }
    const faults = page.faults.map((fault) => ` ${fault.source}: ${fault.detail}.`).join('');
    const what = `${name} ${version} was resolved, but no file of it for this interpreter is listed any more.${faults}`;
    throw new Failure(1, [
        { where: name, what, remedy: 'Run it again; if it stays so, name another index with mirrors.' },
    ]);
}

;// CONCATENATED MODULE: ./.build/src/lock/make-lock.js










/** Hashes that the user's lines accept for a package; empty: any. */
function acceptedHashes(name, requirements) {
    const pinned = requirements.filter((line) => line.normalised === name).flatMap((line) => line.hashes);
    return new Set(pinned.map((hash) => hash.replace(/^sha256:/, '')));
}
/** Where the user pinned hashes, the file at hand has to have one of them. */
function checkHash(name, sha256, what, wishes) {
    const accepted = acceptedHashes(name, wishes.requirements);
    if (accepted.size === 0 || accepted.has(sha256))
        return;
    const origin = wishes.requirements.find((line) => line.normalised === name)?.origin ?? name;
    const text = `${what} has the SHA-256 ${sha256}, which none of the --hash options of ${name} accepts.`;
    throw new Failure(2, [{ where: origin, what: text, remedy: 'Correct the hash, or find out who changed the file.' }]);
}
async function lockIndexPin(pin, wishes) {
    const page = await wishes.page(pin.name);
    const accepted = acceptedHashes(pin.name, wishes.requirements);
    const { interpreter, formats } = wishes;
    const file = chooseFile({ ...pin, page, interpreter, formats, accepted });
    // A page that lists no hash (PaddlePaddle's) leaves one way to know it: the bytes, once.
    const seen = file.sha256 === null ? await wishes.fetch(file) : null;
    const sha256 = seen?.sha256 ?? file.sha256 ?? '';
    checkHash(pin.name, sha256, file.filename, wishes);
    const right = file.locations.filter((place) => place.sha256 === null || place.sha256 === sha256);
    return {
        name: pin.name,
        version: pin.version,
        filename: file.filename,
        kind: file.filename.endsWith('.whl') ? 'wheel' : 'sdist',
        size: seen?.size ?? file.size,
        sha256,
        hashOrigin: accepted.size > 0 ? 'lock' : (file.hashOrigin ?? 'first-seen'),
        urls: right.map(({ source, url }) => ({ source, url })),
        requiresPython: file.requiresPython,
    };
}
function namesOf(filename) {
    const file = parseFilename(filename);
    // Pins of links and local files were read from names that parse.
    if (file === null)
        throw new Error(`Not a distribution file: ${filename}`);
    return { name: file.name, version: file.version, kind: file.kind };
}
async function lockLinkPin(pin, wishes) {
    const seen = await wishes.fetchLink(pin.url);
    const filename = decodeURIComponent(new URL(pin.url).pathname.split('/').at(-1) ?? '');
    checkHash(pin.name, seen.sha256, filename, wishes);
    const pinned = acceptedHashes(pin.name, wishes.requirements).size > 0;
    return {
        ...namesOf(filename),
        filename,
        size: seen.size,
        sha256: seen.sha256,
        hashOrigin: pinned ? 'lock' : 'first-seen',
        urls: [{ source: new URL(pin.url).host, url: pin.url }],
        requiresPython: null,
    };
}
async function lockLocalPin(pin, wishes) {
    const hash = (0,external_node_crypto_.createHash)('sha256');
    await (0,external_node_stream_promises_namespaceObject.pipeline)((0,external_node_fs_.createReadStream)(pin.path), hash);
    const url = (0,external_node_url_.pathToFileURL)(pin.path).href;
    const filename = decodeURIComponent(url.split('/').at(-1) ?? '');
    const sha256 = hash.digest('hex');
    const names = namesOf(filename);
    checkHash(names.name, sha256, filename, wishes);
    const { size } = await (0,promises_.stat)(pin.path);
    return {
        ...names,
        filename,
        size,
        sha256,
        hashOrigin: 'local',
        urls: [{ source: 'local', url }],
        requiresPython: null,
    };
}
async function sdistBuild(file, wishes) {
    const url = file.urls[0]?.url ?? '';
    const sdist = url.startsWith('file:') ? (0,external_node_url_.fileURLToPath)(url) : (await wishes.fetch(indexFile(file))).path;
    return { name: file.name, requires: buildRequirements(await wishes.pyproject(sdist)) };
}
/** Waits for all and gives their values; what is wrong with any of them is thrown as one Failure, so that the user sees it at once. */
async function make_lock_all(work) {
    const settled = await Promise.allSettled(work.filter((one) => one !== null));
    const reasons = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    const failures = reasons.filter((reason) => reason instanceof Failure);
    if (failures.length < reasons.length)
        throw reasons.find((reason) => !(reason instanceof Failure));
    const [first] = failures;
    if (first !== undefined)
        throw new Failure(first.exitCode, failures.flatMap(({ problems }) => problems), { cause: first });
    return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}
function noticesOf(files, unhashed) {
    const sdists = files.filter((file) => file.kind === 'sdist');
    const firstSeen = files.filter((file) => file.hashOrigin === 'first-seen');
    return [
        ...sdists.map((file) => ({
            id: `sdist-${file.name}`,
            text: `${file.name} ${file.version} has no wheel for this interpreter: it is built from ${file.filename}, which runs its code and needs build tools.`,
        })),
        ...firstSeen.map((file) => ({
            id: `first-seen-${file.name}`,
            text: `No source publishes a hash for ${file.filename}: the one first seen is pinned (sha256 ${file.sha256}).`,
        })),
        ...unhashed.map((line) => ({ id: `unhashed-${line}`, text: `\`${line}\` has no hash that could be checked.` })),
    ];
}
/**
 * Makes the lock of what was resolved: for each package the one file that this interpreter takes, with every public address.
 * A file without a published hash is brought now, once, and its hash pinned.
 * Throws Failure(1) where a page or file can't be had, Failure(2) where a file has none of the hashes that the user pinned.
 */
async function makeLock(wishes) {
    const unhashed = wishes.pins.flatMap((pin) => (pin.kind === 'unhashed' ? [pin.line] : []));
    const locked = await make_lock_all(wishes.pins.map((pin) => {
        if (pin.kind === 'index')
            return lockIndexPin(pin, wishes);
        if (pin.kind === 'link')
            return lockLinkPin(pin, wishes);
        return pin.kind === 'local' ? lockLocalPin(pin, wishes) : null;
    }));
    const files = locked.sort((a, b) => (a.name < b.name ? -1 : 1));
    const builds = await make_lock_all(files.filter((file) => file.kind === 'sdist').map((file) => sdistBuild(file, wishes)));
    const { device, cuda, distribution, version } = wishes.plan;
    const lock = {
        requiresPython: `>=${wishes.interpreter.version.split('.').slice(0, 2).join('.')}`,
        device,
        cuda,
        distribution,
        paddleVersion: version,
        files,
        unhashed,
        created: wishes.now.toISOString(),
        key: wishes.key,
    };
    return { lock, notices: noticesOf(files, unhashed), builds };
}

;// CONCATENATED MODULE: ./.build/src/lock/explain.js
/** uv 0.8 wraps its text and draws arrows, uv 0.13 puts `cause:` in front: one line a sentence for both. */
function explain_plain(stderr) {
    return stderr
        .replace(/[×╰─▶│├]+/g, ' ')
        .replace(/\bcause:/g, ' ')
        .replace(/\s+/g, ' ')
        .trim();
}
/** uv's reasons without its conclusions, in the words of a person who asked for something. */
function reasons(text) {
    const proof = text.replace(/\bhint:.*$/s, '');
    const found = [...proof.matchAll(/(?:Because|And because) (.+?),? we can conclude that/g)].map((match) => match[1] ?? '');
    const worded = found.map((reason) => reason
        .replace(/ was not found in the package registry/g, ' is on no index that was asked')
        .replace(/ \(e\.g\., `([^`]+)`\)/g, ' such as $1')
        .replace(/\byou require /g, 'the request asks for ')
        .replace(/`/g, ''));
    return [...new Set(worded)];
}
/** The hints name what there is instead; only those about wheels say something to our user. */
function hints(text) {
    return [...text.matchAll(/hint: (.+?)(?=hint: |$)/g)]
        .map((match) => (match[1] ?? '').replace(/`/g, '').trim())
        .filter((hint) => /wheels/i.test(hint))
        .map((hint) => hint.replace(/^You require .*?, but we only found wheels/, 'Wheels were found only'));
}
function remedyFor(text) {
    const missing = /([\w.-]+) was not found in the package registry/.exec(text)?.[1];
    if (missing !== undefined) {
        return `Check the spelling of ${missing}; where it is on a private index, name that with --extra-index-url in the requirements file.`;
    }
    if (/pre-releases weren't enabled/.test(text)) {
        return 'Put --pre into the requirements file to take a pre-release, or ask for a version that there is.';
    }
    if (/requires? Python|Python version/.test(text) || /has no wheels with a matching Python/.test(text)) {
        return 'Ask for another version of that package, or choose another interpreter with python.';
    }
    if (/matching platform tag|no usable wheels|no wheels/.test(text)) {
        return 'Ask for a version that has a wheel for this machine, or allow its source distribution.';
    }
    if (/there (?:is|are) no versions? of|is available and you require/.test(text) && !/depends? on/.test(text)) {
        return 'Ask for a version that there is.';
    }
    return 'Loosen one of the versions named here so that all of them can hold together.';
}
/** The lines of the request whose package the text names. */
function linesNamed(text, lines) {
    const words = new Set(text.toLowerCase().match(/[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?/g) ?? []);
    const names = new Set([...words].map((word) => word.replace(/[._-]+/g, '-')));
    return lines.filter((line) => line.normalised !== null && names.has(line.normalised));
}
/**
 * uv's "no solution" in our words, with the user's own lines; null where the text is about something else.
 * The forms are those of uv 0.8.4 and 0.13.9, recorded.
 */
function explainNoSolution(stderr, lines) {
    const text = explain_plain(stderr);
    if (!text.includes('No solution found'))
        return null;
    // A proof quotes requirements with their versions: `numpy<2` has to be read as the name numpy.
    const named = linesNamed(text.replace(/[<>=!~[{]/g, ' '), lines);
    const because = reasons(text);
    const asked = named.map((line) => `\`${line.text}\``).join(', ');
    const why = because.length > 0 ? because.join('; ') : text;
    const wheels = hints(text).map((hint) => ` ${hint.replace(/\.?$/, '.')}`);
    return {
        where: [...new Set(named.map((line) => line.origin))].join(', ') || 'requirements',
        what: `No set of versions fulfils ${asked === '' ? 'the request' : asked}: ${why}.${wheels.join('')}`,
        remedy: remedyFor(text),
    };
}

;// CONCATENATED MODULE: ./.build/src/lock/pins.js



/** Last part of an address or path, decoded. */
function filenameOf(address) {
    const last = address
        .replace(/[?#].*$/s, '')
        .split(/[/\\]/)
        .at(-1) ?? '';
    return decodeURIComponent(last);
}
function targetPin(line, address, published) {
    const url = published.get(address) ?? address;
    const plain = line.replace(address, url);
    const file = parseFilename(filenameOf(url));
    if (file === null || /^(?:git|hg|svn|bzr)\+/.test(url))
        return { kind: 'unhashed', line: plain };
    if (/^https?:/.test(url))
        return { kind: 'link', name: file.name, url };
    return { kind: 'local', path: url.startsWith('file:') ? (0,external_node_url_.fileURLToPath)(url) : url };
}
/**
 * Reads what `uv pip compile --no-annotate --no-header --strip-extras` printed: one package a line as `name==version`,
 * `name @ address`, a bare address or path, or `-e folder`, a marker behind a semicolon.
 * `published`: addresses that the gateway invented for direct links → the public ones.
 * Throws Error for a line of another form: a change in uv that has to be seen.
 */
function parsePins(output, published) {
    const lines = output.split(/\r?\n/).map((line) => line.trim());
    return lines
        .filter((line) => line !== '' && !line.startsWith('#'))
        .map((full) => {
        const line = full.replace(/\s+;\s.*$/, '');
        if (line.startsWith('-e '))
            return { kind: 'unhashed', line };
        const [, name, version] = /^([\w.-]+)(?:\[[^\]]*\])?===?([^\s@;]+)$/.exec(line) ?? [];
        if (name !== undefined && version !== undefined)
            return { kind: 'index', name: normalise(name), version };
        const address = /^[\w.-]+(?:\[[^\]]*\])? @ (\S.*)$/.exec(line)?.[1] ?? line;
        if (address === line && !/^(?:\w+\+?\w*:|[./\\])/.test(line))
            throw new Error(`Unknown line from uv: ${line}`);
        return targetPin(line, address, published);
    });
}

;// CONCATENATED MODULE: ./.build/src/lock/resolve.js







/** Lines for uv, direct links led through the gateway; `published` takes the way back. */
function linesForUv(lines, gateway, published) {
    const texts = lines.map((line) => {
        if (line.kind !== 'url' || line.url === null)
            return line.text;
        const address = gateway.publishDirect(line.url.replace(/#.*$/s, ''));
        published.set(address, line.url.replace(/#.*$/s, ''));
        return line.text.replace(line.url, address);
    });
    return texts.map((text) => `${text}\n`).join('');
}
/** What the gateway could not serve: the network's fault and not the request's. */
function networkProblems(gateway) {
    return gateway.problems().flatMap(({ item, faults, failure }) => {
        if (failure !== null)
            return failure.problems;
        const seen = faults.map((fault) => `${fault.source}: ${fault.detail}`).join('; ');
        const what = `No source could serve it${seen === '' ? '' : `: ${seen}`}.`;
        const remedy = faults.find((fault) => fault.remedy !== null)?.remedy;
        return [{ where: item, what, remedy: remedy ?? 'Name a source that can be reached with mirrors.' }];
    });
}
/** What is left: a repository that can't be fetched, an sdist that does not build. */
function otherProblem(stderr, lines) {
    const said = stderr
        .trim()
        .split(/\r?\n/)
        .map((line) => line.trim())
        .filter((line) => line !== '');
    const last = said.slice(-6).join(' / ');
    const line = lines.find((candidate) => candidate.url !== null && stderr.includes(candidate.url)) ?? linesNamed(stderr, lines)[0];
    return {
        where: line?.origin ?? 'resolving',
        what: `uv could not resolve the requirements: ${last}`,
        remedy: 'See the lines above; a source distribution or repository needs its build tools on this machine.',
    };
}
/**
 * Resolves the lines to versions with uv, through the gateway alone; for either installer.
 * Throws Failure(2) with uv's explanation in our words where there is no solution, Failure(1) where a source or a build failed:
 * the gateway's own record tells the two apart, never uv's text.
 */
async function resolve(wishes) {
    const { gateway, lines } = wishes;
    const folder = await (0,promises_.mkdtemp)(external_node_path_.join((0,external_node_os_.tmpdir)(), 'paddle-resolve-'));
    try {
        const published = new Map();
        const files = {
            requirements: external_node_path_.join(folder, 'requirements.in'),
            constraints: external_node_path_.join(folder, 'constraints.in'),
        };
        await (0,promises_.writeFile)(files.requirements, linesForUv(lines.requirements, gateway, published));
        await (0,promises_.writeFile)(files.constraints, linesForUv(lines.constraints, gateway, published));
        const args = [
            ...['pip', 'compile', '--python', wishes.interpreter.executable, '--default-index', gateway.indexUrl],
            ...['--no-annotate', '--no-header', '--strip-extras', '--no-sources'],
            ...(wishes.preReleases ? ['--prerelease', 'allow'] : []),
            ...formatArguments(wishes.formats),
            ...['--constraints', files.constraints, files.requirements],
        ];
        const broken = gateway.stats().broken.length;
        const first = await wishes.uv(args, 'uv pip compile');
        const repaired = gateway.stats().broken.length > broken;
        const again = first.code !== 0 && (repaired || (await wishes.confirm()));
        const ran = again ? await wishes.uv(args, 'uv pip compile') : first;
        wishes.log.debug(ran.stderr.trim());
        if (ran.code === 0)
            return parsePins(ran.stdout, published);
        const network = networkProblems(gateway);
        if (network.length > 0)
            throw new Failure(1, network);
        const all = [...lines.requirements, ...lines.constraints];
        const noSolution = explainNoSolution(ran.stderr, all);
        throw noSolution === null ? new Failure(1, [otherProblem(ran.stderr, all)]) : new Failure(2, [noSolution]);
    }
    finally {
        await (0,promises_.rm)(folder, { recursive: true, force: true });
    }
}

;// CONCATENATED MODULE: ./.build/src/plan/resolver-input.js


/**
 * One resolution of PaddlePaddle and everything else: the user's own lines for PaddlePaddle give way to the plan's pins, which hold to
 * them and keep their hashes.
 */
function resolverInput({ pins }, { paddle, requirements: set }) {
    const others = (lines) => lines.filter(({ normalised }) => !paddleProjects.has(normalised ?? ''));
    const origin = paddle.kind === 'specifier' ? paddle.origin : 'paddle-version';
    return {
        requirements: [
            ...pins.map(({ name, specifier }) => ({
                ...parseRequirement(`${name}${specifier}`, origin),
                hashes: set.requirements.filter(({ normalised }) => normalised === name).flatMap(({ hashes }) => hashes),
            })),
            ...others(set.requirements),
        ],
        constraints: others(set.constraints),
    };
}

;// CONCATENATED MODULE: ./.build/src/pipeline/resolve-lock.js





/** PaddlePaddle and everything else in one resolution, then the exact file of each package. Throws Failure(2) where there is no solution. */
async function resolveLock(run, prepared, plan, { sources }, works, programs) {
    const { request, context, deadline } = run;
    const { interpreter } = prepared.runner;
    const lines = resolverInput(plan, request);
    const { formats, preReleases } = request.requirements;
    const gateway = await works.open();
    const pins = await context.timeline.step('Resolve', () => resolve({
        uv: programs.runUv(gateway),
        interpreter,
        gateway,
        lines,
        preReleases: preReleases || plan.channel === 'nightly',
        formats,
        confirm: sources.confirmAll,
        log: context.log,
    }));
    const { lock, notices, builds } = await context.timeline.step('Lock', () => makeLock({
        pins,
        page: (project) => sources.confirm(project, plan.origins[project]),
        fetch: (file) => works.transfers.get(file).done,
        fetchLink: (url) => gateway.bringDirect(url),
        pyproject: (sdist) => sdistPyproject(sdist, interpreter, programs.environment, deadline.signal),
        interpreter,
        requirements: lines.requirements,
        formats,
        plan,
        key: prepared.key,
        now: context.started,
    }));
    const fromSource = builds.map(({ name, requires }) => ({
        id: `sdist-${name}`,
        text: `${name} is built here from source; building asks for ${requires.length === 0 ? 'setuptools' : requires.join(', ')}, which is resolved outside the lock.`,
    }));
    tell(run, [...notices, ...fromSource]);
    return lock;
}

// EXTERNAL MODULE: external "node:http"
var external_node_http_ = __nccwpck_require__(7067);
;// CONCATENATED MODULE: ./.build/src/gateway/door.js

/**
 * Decides who gets in: the token first (a loopback port is open to every user of the host), then the one invented name. Only absolute
 * targets count: a browser that was rebound to this address sends relative ones.
 */
function atTheDoor(knock, host, token) {
    if (!isToken(knock.authorization, token)) {
        return { status: 407 };
    }
    if (!knock.target.startsWith(`http://${host}/`)) {
        return { status: 403 };
    }
    if (knock.method !== 'GET' && knock.method !== 'HEAD') {
        return { status: 405 };
    }
    try {
        return { path: decodeURIComponent(new URL(knock.target).pathname) };
    }
    catch {
        // Escapes that are no UTF-8.
        return { status: 400 };
    }
}
function isToken(authorization, token) {
    const encoded = /^basic +(\S+)$/i.exec(authorization ?? '')?.[1] ?? '';
    const password = Buffer.from(encoded, 'base64')
        .toString('utf8')
        .replace(/^[^:]*:/, '');
    const digest = (text) => (0,external_node_crypto_.createHash)('sha256').update(text).digest();
    return (0,external_node_crypto_.timingSafeEqual)(digest(password), digest(token));
}

;// CONCATENATED MODULE: ./.build/src/gateway/index-page.js
const JSON_TYPE = 'application/vnd.pypi.simple.v1+json';
const HTML_TYPE = 'application/vnd.pypi.simple.v1+html';
/** Renders a page in the form that `accept` likes best: JSON (PEP 691) or HTML (PEP 503), the only one that pips before 22.2 read. */
function renderPage(page, accept, address) {
    const type = index_page_preferred(accept);
    return { type, body: type === JSON_TYPE ? renderJson(page, address) : renderHtml(page, address) };
}
/** Content negotiation (RFC 9110, section 12.5.1) among the three types; HTML where nothing is asked for. */
function index_page_preferred(accept) {
    let [best, chosen] = [0, 'text/html; charset=utf-8'];
    for (const part of (accept ?? '').split(',')) {
        const [name = '', ...parameters] = part.split(';').map((p) => p.trim().toLowerCase());
        const q = Number(parameters.find((p) => p.startsWith('q='))?.slice(2) ?? 1);
        const known = name === JSON_TYPE || name === HTML_TYPE
            ? name
            : name === 'text/html' || name === '*/*'
                ? 'text/html; charset=utf-8'
                : null;
        if (known !== null && q > best) {
            [best, chosen] = [q, known];
        }
    }
    return chosen;
}
function renderJson(page, address) {
    const files = page.files.map((file) => ({
        filename: file.filename,
        url: address(file),
        hashes: file.sha256 === null ? {} : { sha256: file.sha256 },
        'requires-python': file.requiresPython,
        yanked: file.yanked === null ? false : file.yanked === '' ? true : file.yanked,
        ...(file.size === null ? {} : { size: file.size }),
        ...(file.uploadTime === null ? {} : { 'upload-time': file.uploadTime }),
        ...(isWheel(file) ? { 'core-metadata': true } : {}),
    }));
    return JSON.stringify({ meta: { 'api-version': '1.0' }, name: page.project, files });
}
/**
 * `data-core-metadata` (PEP 714) alone: pips that know only the older `data-dist-info-metadata` read it in ways of their own, and do
 * without it.
 */
function renderHtml(page, address) {
    const links = page.files.map((file) => {
        const href = address(file) + (file.sha256 === null ? '' : `#sha256=${file.sha256}`);
        const python = file.requiresPython === null ? '' : ` data-requires-python="${quote(file.requiresPython)}"`;
        const yanked = file.yanked === null ? '' : ` data-yanked="${quote(file.yanked)}"`;
        const metadata = isWheel(file) ? ' data-core-metadata="true"' : '';
        return `<a href="${quote(href)}"${python}${yanked}${metadata}>${quote(file.filename)}</a><br>`;
    });
    const head = '<meta charset="utf-8"><meta name="pypi:repository-version" content="1.0">';
    return `<!DOCTYPE html>\n<html><head>${head}<title>${quote(page.project)}</title></head><body>\n${links.join('\n')}\n</body></html>\n`;
}
function isWheel(file) {
    return file.filename.endsWith('.whl');
}
function quote(text) {
    return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

;// CONCATENATED MODULE: ./.build/src/gateway/byte-range.js
/**
 * Reads a `Range` header for a file of `size` bytes (RFC 9110, section 14.1.2). Several ranges at once and other units are answered
 * with the whole, as the RFC allows. `current`: an `If-Range`, if there is one, names the file as it is.
 */
function readByteRange(header, size, current) {
    const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '');
    if (match === null || !current) {
        return 'whole';
    }
    const [first, last] = [match[1] ?? '', match[2] ?? ''];
    if (first === '' && last === '') {
        return 'whole';
    }
    if (first === '') {
        const length = Math.min(Number(last), size);
        return length === 0 ? 'unsatisfiable' : { from: size - length, to: size };
    }
    const from = Number(first);
    const to = last === '' ? size : Math.min(Number(last) + 1, size);
    if (last !== '' && Number(last) < from) {
        return 'whole';
    }
    return from >= size ? 'unsatisfiable' : { from, to };
}

;// CONCATENATED MODULE: ./.build/src/gateway/serve-file.js




/** A closed range of at most this many bytes (a wheel's directory, its METADATA) is fetched by itself, without starting the transfer. */
const SMALL = 2 ** 22;
/** How long (ms) the header waits for the first bytes, so that a file nobody has is a plain status and not a broken connection. */
const HEADER_WAIT_MS = 3000;
/**
 * Answers GET and HEAD for a file: from the store, else from its transfer while it arrives. A wrong byte or a failure after the header
 * breaks the connection. Rejects before the header went out as well as after it; the caller tells by `headersSent`.
 */
async function serveFile(file, request, response, counter) {
    const gone = new AbortController();
    response.once('close', () => gone.abort(new Error('the installer left')));
    const size = file.size ?? (await sizeOf(file, counter, gone.signal));
    const tag = file.sha256 === null ? null : `"${file.sha256}"`;
    const ifRange = request.headers['if-range'];
    const header = request.headers.range;
    const range = readByteRange(header, size, ifRange === undefined || ifRange === tag);
    const headers = {
        'accept-ranges': 'bytes',
        'content-type': 'application/octet-stream',
        // Without a hash in its address the same address may mean other bytes tomorrow.
        'cache-control': tag === null ? 'no-store' : 'no-cache',
        ...(tag === null ? {} : { etag: tag }),
    };
    if (range === 'unsatisfiable') {
        response.writeHead(416, { ...headers, 'content-range': `bytes */${size}` }).end();
        return;
    }
    const { from, to } = range === 'whole' ? { from: 0, to: size } : range;
    const partial = range === 'whole' ? {} : { 'content-range': `bytes ${from}-${to - 1}/${size}` };
    const writeHead = () => {
        response.writeHead(range === 'whole' ? 200 : 206, { ...headers, ...partial, 'content-length': to - from });
        response.flushHeaders();
    };
    if (request.method === 'HEAD') {
        writeHead();
        response.end();
        return;
    }
    const closed = range !== 'whole' && !/-\s*$/.test(header ?? '');
    const part = closed && to - from <= SMALL && to - from < size ? await slice(file, from, to, counter, gone.signal) : null;
    if (part !== null) {
        writeHead();
        counter.served(part.length);
        response.end(part);
        return;
    }
    await pipe(counter.transfers.get(file).read(from, gone.signal), to - from, writeHead, response, counter, gone.signal).catch((error) => {
        if (error instanceof WrongBytes) {
            counter.broke(file.filename);
        }
        throw error;
    });
}
async function sizeOf(file, { transfers, store }, signal) {
    const stored = file.sha256 === null ? null : await store.find(file.sha256, file.filename);
    if (stored !== null) {
        return stored.size;
    }
    try {
        return (await transfers.slice(file, 0, 1, signal)).total;
    }
    catch (error) {
        // No source does ranges, or says how long the file is: the transfer will tell.
        return error instanceof Failure ? transfers.get(file).size() : Promise.reject(error);
    }
}
/** A small part of a file that is not in the store; null where it has to come from the transfer. */
async function slice(file, from, to, { transfers, store }, signal) {
    if (file.sha256 !== null && (await store.find(file.sha256, file.filename)) !== null) {
        return null;
    }
    try {
        return (await transfers.slice(file, from, to, signal)).bytes;
    }
    catch (error) {
        return error instanceof Failure ? null : Promise.reject(error);
    }
}
async function pipe(pieces, length, writeHead, response, counter, signal) {
    const iterator = pieces[Symbol.asyncIterator]();
    const first = iterator.next();
    const awake = new AbortController();
    await Promise.race([first, (0,external_node_timers_promises_namespaceObject.setTimeout)(HEADER_WAIT_MS, undefined, { signal: awake.signal, ref: false })]).finally(() => awake.abort());
    writeHead();
    try {
        let left = length;
        for (let next = await first; next.done !== true && left > 0; next = await iterator.next()) {
            const piece = next.value.subarray(0, left);
            left -= piece.length;
            counter.served(piece.length);
            // The piece's memory is used again for the next one: it has to have left first.
            await new Promise((resolve, reject) => {
                const leave = () => reject(signal.reason);
                signal.addEventListener('abort', leave, { once: true });
                response.write(piece, (error) => {
                    signal.removeEventListener('abort', leave);
                    if (error) {
                        reject(error);
                    }
                    else {
                        resolve();
                    }
                });
            });
        }
        if (left > 0) {
            throw new Error(`the file ended ${left} bytes early`);
        }
        response.end();
    }
    finally {
        await iterator.return?.();
    }
}

;// CONCATENATED MODULE: ./.build/src/gateway/shelf.js


/** An empty shelf. A file that is put there again replaces its earlier listing. */
function createShelf() {
    const files = new Map();
    return {
        put: (file) => {
            const path = `/files/${file.sha256 ?? `-${shelf_short(file.locations.map((l) => l.url).join(' '))}`}/${file.filename}`;
            files.set(path, file);
            return path;
        },
        putDirect: (url) => {
            const file = directFile(url);
            const path = `/direct/${shelf_short(url)}/${file.filename}`;
            files.set(path, file);
            return path;
        },
        at: (path) => files.get(path) ?? null,
    };
}
/** A file that nothing is known of but its address; a `#sha256=` in it is its hash. */
function directFile(url) {
    const { pathname, hash, href } = new URL(url);
    // An escape that is no UTF-8 makes decodeURIComponent throw.
    const name = external_node_querystring_.unescape(pathname.slice(pathname.lastIndexOf('/') + 1));
    const sha256 = /^#(?:.*&)?sha256=([0-9a-f]{64})(?:&|$)/i.exec(hash)?.[1]?.toLowerCase() ?? null;
    return {
        filename: name.replace(/[^A-Za-z0-9._+!-]/g, '_').replace(/^[^A-Za-z0-9]+/, ''),
        sha256,
        hashOrigin: sha256 === null ? null : 'lock',
        size: null,
        requiresPython: null,
        yanked: null,
        uploadTime: null,
        locations: [{ source: 'direct', url: href.replace(/#.*$/, ''), sha256, size: null }],
    };
}
function shelf_short(text) {
    return (0,external_node_crypto_.createHash)('sha256').update(text).digest('hex').slice(0, 16);
}

;// CONCATENATED MODULE: ./.build/src/gateway/server.js








/**
 * Opens an index on 127.0.0.1 that acts as HTTP proxy for `http://<name>.invalid` alone and wants a random token. `page` gives the merged
 * page of a project, null for one that nobody has.
 */
async function openGateway(options) {
    const { transfers, store, log } = options;
    const host = `${options.name}.invalid`;
    const origin = `http://${host}`;
    const token = (0,external_node_crypto_.randomBytes)(24).toString('hex');
    const shelf = createShelf();
    const problems = new Map();
    const broken = [];
    const metadata = new Map();
    const count = { pages: 0, files: 0, bytesServed: 0, refused: 0 };
    log.mask(token);
    const servePage = async (project, request, response) => {
        count.pages += 1;
        const page = await options.page(project);
        if (page === null || page.files.length === 0) {
            const faults = page?.faults ?? [];
            const nobody = page === null || page.answered.length > 0 || faults.some((f) => f.kind === 'missing' || f.kind === 'empty');
            if (!nobody) {
                problems.set(project, { item: project, faults, failure: null });
            }
            say(response, nobody ? 404 : 503, nobody ? `no source has ${project}` : `every source failed for ${project}`);
            return;
        }
        const { type, body } = renderPage(page, request.headers.accept, (file) => origin + shelf.put(file));
        const etag = `"${(0,external_node_crypto_.createHash)('sha256').update(type).update(body).digest('hex').slice(0, 32)}"`;
        const headers = { 'cache-control': 'no-cache', etag, vary: 'accept' };
        if (request.headers['if-none-match'] === etag) {
            response.writeHead(304, headers).end();
            return;
        }
        response.writeHead(200, { ...headers, 'content-type': type, 'content-length': Buffer.byteLength(body) });
        response.end(request.method === 'HEAD' ? undefined : body);
    };
    const serveMetadata = async (path, file, response) => {
        const reading = metadata.get(path) ?? transfers.metadata(file, options.signal);
        metadata.set(path, reading);
        reading.catch(() => metadata.delete(path));
        const text = await reading;
        response.writeHead(200, {
            'content-type': 'text/plain; charset=utf-8',
            'content-length': text.length,
            'cache-control': 'no-cache',
        });
        response.end(text);
    };
    const serve = async (path, request, response) => {
        const project = /^\/simple\/([^/]+)\/?$/.exec(path)?.[1];
        // A name goes into the addresses that the sources are asked at.
        if (project !== undefined && isName(project)) {
            await servePage(normalise(project), request, response);
            return;
        }
        const file = shelf.at(path) ?? shelf.at(path.replace(/\.metadata$/, ''));
        if (file === null) {
            say(response, 404, 'no such file');
        }
        else if (shelf.at(path) === null) {
            await serveMetadata(path, file, response);
        }
        else {
            count.files += 1;
            await serveFile(file, request, response, {
                transfers,
                store,
                served: (bytes) => {
                    count.bytesServed += bytes;
                },
                broke: (filename) => broken.push(filename),
            });
        }
    };
    const answer = async (request, response) => {
        const authorization = request.headers['proxy-authorization'] ?? null;
        const entrance = atTheDoor({ method: request.method ?? '', target: request.url ?? '', authorization }, host, token);
        if ('status' in entrance) {
            count.refused += 1;
            if (entrance.status === 407) {
                response.setHeader('proxy-authenticate', 'Basic realm="paddle-mirror-setup"');
            }
            say(response, entrance.status, 'not for you');
            return;
        }
        try {
            await serve(entrance.path, request, response);
        }
        catch (error) {
            if (response.destroyed) {
                return;
            }
            const item = entrance.path.replace(/^\/simple\/|\/$/g, '').replace(/^.*\//, '');
            log.debug(`gateway: ${item}: ${String(error)}`);
            problems.set(item, {
                item,
                faults: shelf.at(entrance.path) === null ? [] : transfers.faults().filter((f) => f.url.endsWith(`/${item}`)),
                failure: error instanceof Failure ? error : null,
            });
            if (response.headersSent) {
                response.destroy();
            }
            else {
                say(response, entrance.path.startsWith('/simple/') ? 503 : 502, `${item} could not be had`);
            }
        }
    };
    const server = (0,external_node_http_.createServer)((request, response) => {
        request.resume();
        answer(request, response).catch((error) => {
            log.debug(`gateway: ${String(error)}`);
            response.destroy();
        });
    });
    server.on('connect', (_request, socket) => {
        count.refused += 1;
        socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    });
    // A slow installer is no fault: the deadline of the run is the only limit.
    Object.assign(server, { requestTimeout: 0, keepAliveTimeout: 60_000, timeout: 0 });
    await new Promise((resolve, reject) => {
        server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address();
    return {
        proxyUrl: `http://x:${token}@127.0.0.1:${port}`,
        origin,
        indexUrl: `${origin}/simple/`,
        publish: (file) => origin + shelf.put(file),
        publishDirect: (url) => origin + shelf.putDirect(url),
        bringDirect: (url) => transfers.get(directFile(url)).done,
        problems: () => [...problems.values()],
        stats: () => ({ ...count, bytesFetched: transfers.fetched(), broken: [...broken] }),
        close: async () => {
            server.closeAllConnections();
            await new Promise((resolve) => server.close(resolve));
        },
    };
}
function say(response, status, text) {
    response.writeHead(status, { 'content-type': 'text/plain', 'content-length': Buffer.byteLength(text) }).end(text);
}

;// CONCATENATED MODULE: ./.build/src/plan/gateway-name.js

/**
 * Name of the gateway for one set of page contents, fit for a host label (RFC 1123): `cpu-stable-1a2b3c4d`. Installers keep their
 * caches by it. `addresses` are all that change what the pages hold: private indexes in order, a list of `mirrors`, `paddle-index`;
 * without credentials.
 */
function gatewayName({ device, channel, origins }, addresses) {
    const hash = (0,external_node_crypto_.createHash)('sha256').update(JSON.stringify([Object.entries(origins).sort(), addresses]));
    return `${device}-${channel}-${hash.digest('hex').slice(0, 8)}`;
}

;// CONCATENATED MODULE: ./.build/src/sources/more-places.js

/**
 * Other places of a file whose known places gave trouble, from sources that were not asked for its project yet: those that state the same
 * hash, or none. A direct link has none but its own.
 */
async function morePlaces(sources, file, origins) {
    const project = parseFilename(file.filename)?.name;
    if (project === undefined || file.locations.some(({ source }) => source === 'direct'))
        return [];
    const failed = new Set(file.locations.map(({ source }) => source));
    const page = await sources.widen(project, origins(project), failed);
    const places = page.files.find(({ filename }) => filename === file.filename)?.locations ?? [];
    return places.filter(({ sha256 }) => sha256 === null || file.sha256 === null || sha256 === file.sha256);
}

;// CONCATENATED MODULE: ./.build/src/transfer/disputed.js

/** The files that sources mean who state different hashes for one name, no referee among them; one entry where they agree. */
function readings(file) {
    const hashes = new Set(file.locations.flatMap((l) => (l.sha256 === null ? [] : [l.sha256])));
    if (file.sha256 !== null || hashes.size < 2) {
        return [file];
    }
    return [...hashes].map((sha256) => ({
        ...file,
        sha256,
        hashOrigin: 'index',
        size: file.locations.find((l) => l.sha256 === sha256)?.size ?? null,
        locations: file.locations.filter((l) => l.sha256 === sha256),
    }));
}
/**
 * Settles a disputed hash by the bytes: a source whose own bytes don't match its own page is out. When several are consistent in
 * themselves the file is refused, all of them named.
 */
function settleDispute(file, sides, transfers) {
    const decide = async () => {
        const outcomes = await Promise.allSettled(transfers.map(async (transfer) => ({ stored: await transfer.done, transfer })));
        const good = outcomes.filter((o) => o.status === 'fulfilled').map((o) => o.value);
        const [only] = good;
        if (good.length === 1 && only !== undefined) {
            return only;
        }
        const failures = outcomes.flatMap((o) => o.status === 'rejected' && o.reason instanceof Failure ? o.reason.problems : []);
        const claims = sides
            .map((side) => `${side.locations.map((l) => l.source).join(', ')} (sha256 ${side.sha256})`)
            .join(' against ');
        const dispute = {
            where: file.filename,
            what: `Sources have different files of this name, each as its own page says: ${claims}.`,
            remedy: 'Name one of them alone with `mirrors`, or give a lock with the right hash as `requirements`.',
        };
        throw new Failure(1, good.length === 0 ? failures : [dispute]);
    };
    const decided = decide();
    const done = decided.then((d) => d.stored);
    // Readers and those who wait for the size learn of a failure by themselves.
    done.catch(() => undefined);
    return {
        done,
        size: async () => (await decided).stored.size,
        read: async function* (from, signal) {
            yield* (await decided).transfer.read(from, signal);
        },
        faults: () => transfers.flatMap((t) => t.faults()),
    };
}

;// CONCATENATED MODULE: ./.build/src/transfer/bell.js
/** A bell that any number of readers may wait for. */
function createBell() {
    let waiting = new Set();
    return {
        ring: () => {
            const woken = waiting;
            waiting = new Set();
            for (const wake of woken) {
                wake();
            }
        },
        wait: (signal) => new Promise((resolve, reject) => {
            if (signal.aborted) {
                reject(signal.reason);
                return;
            }
            const leave = () => {
                waiting.delete(wake);
                reject(signal.reason);
            };
            const wake = () => {
                signal.removeEventListener('abort', leave);
                resolve();
            };
            waiting.add(wake);
            signal.addEventListener('abort', leave, { once: true });
        }),
    };
}

;// CONCATENATED MODULE: ./.build/src/transfer/record.js

/** Stands for the bytes of an earlier run: they are the first to be doubted when the hash of the whole is wrong. */
const KEPT = '(kept)';
/** The same start of the machine, read twice from its clock and its uptime. */
const SAME_BOOT_MS = 5000;
/** When the machine was started, ms since the epoch. */
function bootTime() {
    return Math.round(Date.now() - (0,external_node_os_.uptime)() * 1000);
}
/**
 * Reads a record of an earlier run for a file of this hash; null when there is none to go on with: malformed, of another hash, or of
 * a file without hash whose copy can't be told or whose bytes a restart of the machine (`bootedMs` is another) may have damaged.
 * Pieces that reach past `onDisk` bytes are cut there.
 */
function record_readRecord(value, sha256, onDisk, bootedMs) {
    if (!record_isObject(value) || value['version'] !== 1 || value['sha256'] !== sha256 || !isCount(value['size'])) {
        return null;
    }
    const identity = readIdentity(value['identity']);
    const sameBoot = isCount(value['bootedMs']) && Math.abs(value['bootedMs'] - bootedMs) < SAME_BOOT_MS;
    if (!Array.isArray(value['pieces']) || (sha256 === null && (identity === null || !sameBoot))) {
        return null;
    }
    const source = sha256 === null && identity !== null ? identity.source : KEPT;
    const pieces = value['pieces'].flatMap((piece) => {
        if (!record_isObject(piece) || !isCount(piece['from']) || !isCount(piece['to'])) {
            return [];
        }
        return [{ source, from: piece['from'], to: Math.min(piece['to'], onDisk) }];
    });
    return { version: 1, size: value['size'], sha256, identity, pieces: pieces.filter((p) => p.from < p.to), bootedMs };
}
function readIdentity(value) {
    if (!record_isObject(value) || typeof value['source'] !== 'string' || typeof value['validator'] !== 'string') {
        return null;
    }
    return { source: value['source'], validator: value['validator'] };
}
function record_isObject(value) {
    return typeof value === 'object' && value !== null;
}
function isCount(value) {
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

;// CONCATENATED MODULE: ./.build/src/transfer/refusal.js

/** A refusal on its way through the code; carries it to the one place that judges. */
class Refused extends Error {
    refusal;
    constructor(refusal, options) {
        super(refusal.detail, options);
        this.name = 'Refused';
        this.refusal = refusal;
    }
}
/** A refusal of a kind, as an error to throw. */
function refusal_refused(kind, detail, retryAfterMs = null) {
    return new Refused({ kind, detail, remedy: null, retryAfterMs });
}
/** Reads an error as a refusal; null where it is none (a defect, an abort, the disk). */
function asRefusal(error) {
    if (error instanceof Refused) {
        return error.refusal;
    }
    if (error instanceof HttpFault) {
        return { kind: error.kind, detail: error.message, remedy: error.remedy, retryAfterMs: null };
    }
    return null;
}
/** Reads a status that is neither 200 nor 206 (RFC 9110, section 15). */
function refusedByStatus(status, retryAfter, nowMs) {
    const wait = readRetryAfter(retryAfter, nowMs);
    if (status === 403 || status === 429 || status === 451) {
        return refusal_refused('banned', `answered ${status}`, status === 429 ? (wait ?? 1000) : null);
    }
    if (status === 404 || status === 410) {
        return refusal_refused('missing', `answered ${status}`);
    }
    if (status === 407) {
        return refusal_refused('proxy', 'the proxy wants a login (407)');
    }
    return refusal_refused('status', `answered ${status}`, status === 503 ? wait : null);
}
/** `Retry-After` in seconds or as a date (RFC 9110, section 10.2.3), as ms from now; null where it says nothing. */
function readRetryAfter(value, nowMs) {
    if (value === undefined) {
        return null;
    }
    const ms = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - nowMs;
    return Number.isFinite(ms) ? Math.max(0, ms) : null;
}
/** The longest `Retry-After` that is waited for, ms; a source that asks for more is left. */
const LONGEST_WAIT_MS = 60_000;
/** Refusals that another try will not change. */
const FINAL = new Set(['missing', 'stale', 'empty', 'html', 'malformed', 'redirect']);
/**
 * Judges a refusal. `strikes`: refusals in a row by this source for this file without a byte gained, this one counted;
 * `alone`: no other source is left for the file, so this one gets more tries; `random` in [0, 1) spreads the waits.
 */
function refusal_judge(refusal, strikes, alone, random) {
    const { kind, retryAfterMs } = refusal;
    if (kind === 'wrong-hash' || kind === 'tls') {
        return { leave: 'run' };
    }
    if (FINAL.has(kind) || (kind === 'banned' && retryAfterMs === null)) {
        return { leave: 'file' };
    }
    // Each of these has cost a whole time-out already.
    const most = !alone ? 3 : kind === 'timeout' ? 2 : 5;
    if (strikes > most || (retryAfterMs ?? 0) > LONGEST_WAIT_MS) {
        return { leave: 'file' };
    }
    const backOff = Math.min(8000, 200 * 2 ** strikes) * (0.5 + random);
    const scope = kind === 'refused' || kind === 'dns' || kind === 'proxy' || kind === 'banned' ? 'host' : 'file';
    // Bytes came before it broke: it is asked for the rest at once.
    const waitMs = strikes === 0 && kind === 'reset' ? 0 : Math.max(backOff, retryAfterMs ?? 0);
    return { leave: null, waitMs, scope };
}

;// CONCATENATED MODULE: ./.build/src/transfer/routes.js



/** The ways to one file, in the order in which its sources are wished. Those that state another hash than the file's are none. */
function createRoutes(file, lane) {
    return file.locations
        .filter((l) => l.sha256 === null || file.sha256 === null || l.sha256 === file.sha256)
        .map((location) => ({
        location,
        lane: lane(location),
        strikes: 0,
        struckAt: 0,
        notBefore: 0,
        left: false,
        suspected: false,
        rangeless: false,
        mine: 0,
        refusal: null,
    }));
}
/** It may be asked, now or after a wait. */
function routes_isAlive(route) {
    return !route.left && !route.lane.left;
}
/** Time (ms since the epoch) from which it may be asked. */
function readyAt(route) {
    return Math.max(route.notBefore, route.lane.notBefore);
}
/** The scheduler's view of a route. */
function viewRoute(route, usable, nowMs) {
    return {
        ready: usable && routes_isAlive(route) && !route.suspected && readyAt(route) <= nowMs,
        active: route.lane.active,
        limit: route.lane.limit,
        rate: route.lane.rate,
        mine: route.mine,
    };
}
/**
 * Takes a refusal in: the route waits or is left. `gained`: bytes that the connection brought before; `begunMs`: when it was begun.
 * Connections that break together are one strike. Returns whether the route was left.
 */
function routes_refuse(route, refusal, gained, alone, begunMs, nowMs) {
    // A source that stalls is not forgiven for the bytes before the stall: each one holds the installer up.
    const forgiven = gained >= 2 ** 16 && refusal.kind !== 'timeout' && refusal.kind !== 'slow';
    if (forgiven) {
        route.strikes = 0;
    }
    else if (begunMs >= route.struckAt) {
        route.strikes += 1;
        route.struckAt = nowMs;
    }
    route.refusal = refusal;
    const verdict = refusal_judge(refusal, route.strikes, alone, Math.random());
    if (verdict.leave !== null) {
        route.left = true;
        route.lane.left ||= verdict.leave === 'run';
        return true;
    }
    const until = nowMs + verdict.waitMs;
    if (verdict.scope === 'host') {
        route.lane.notBefore = Math.max(route.lane.notBefore, until);
    }
    else {
        route.notBefore = until;
    }
    return false;
}
/** A route's refusal as the report has it. */
function faultOf(route, refusal) {
    const { kind, detail, remedy } = refusal;
    return { source: route.location.source, url: maskUrl(route.location.url), kind, detail, remedy };
}
/** The Failure of a file that no source could bring: one problem for each of them. */
function exhausted(filename, routes) {
    const problems = routes.map((route) => {
        const left = route.lane.left ? 'its host was given up earlier in this run' : 'it was not asked';
        return {
            where: `${route.location.source} (${maskUrl(route.location.url)})`,
            what: `${filename} could not be had: ${(route.refusal?.detail ?? left).replace(/\.$/, '')}.`,
            remedy: route.refusal?.remedy ?? REMEDIES[route.refusal?.kind ?? 'refused'] ?? ANOTHER,
        };
    });
    const none = { where: filename, what: 'No source has this file.', remedy: ANOTHER };
    return new Failure(1, problems.length === 0 ? [none] : problems);
}
const ANOTHER = 'Name another mirror with `mirrors`, or try again later.';
const REMEDIES = {
    banned: 'The mirror turns this machine away: wait, or name another mirror with `mirrors`.',
    html: 'Something between here and the mirror answers in its place: check for a login page, or name another mirror with `mirrors`.',
    'wrong-hash': 'The mirror has other bytes than the index: name another mirror with `mirrors`.',
    dns: 'Check the name and the DNS of this machine, or name another mirror with `mirrors`.',
};

;// CONCATENATED MODULE: ./.build/src/transfer/blame.js


/**
 * Chooses whose bytes are fetched again: those of an earlier run first, which nobody has vouched for; then, when one source brought the
 * whole, that one is proven wrong; otherwise the least wished for of the sources that another one can replace. Each round either
 * clears the file or leaves fewer sources to doubt, so it ends.
 */
function blame(contributors, routes) {
    if (contributors.includes(KEPT)) {
        return { recall: KEPT, proven: false };
    }
    const [only] = contributors;
    if (contributors.length === 1 && only !== undefined) {
        return { recall: only, proven: true };
    }
    const replaceable = (source) => routes.some((r) => r.location.source !== source && routes_isAlive(r) && !r.suspected);
    const suspect = routes
        .map((r) => r.location.source)
        .reverse()
        .find((source) => contributors.includes(source) && replaceable(source));
    return suspect === undefined ? { recall: null } : { recall: suspect, proven: false };
}

;// CONCATENATED MODULE: ./.build/src/transfer/disk-file.js



/** Bytes at the end of a file that are held back until its hash is right: no installer gets a whole wrong file. */
const HELD_BACK = 2 ** 16;
const READ = 2 ** 18;
/** Bytes hashed at a time. */
const HASHED = 2 ** 20;
/** Opens the bytes of a partial file. `failed` is what readers get when the file can't be had, or null; `explain` reads an error met while writing. */
async function openDiskFile(path, filename, expected, extent, bell, failed, explain) {
    const handle = await (0,promises_.open)(path, 'r+');
    const readers = new Set();
    let differences = 0;
    let restarts = 0;
    let closing = false;
    const closeWhenIdle = async () => {
        if (closing && readers.size === 0) {
            await handle.close();
        }
    };
    const visible = () => {
        const size = extent.size();
        return size !== null && extent.verified()
            ? size
            : Math.min(extent.front(), Math.max(0, (size ?? extent.front()) - HELD_BACK));
    };
    const readAt = async (buffer, length, position) => {
        const { bytesRead } = await handle.read(buffer, 0, length, position);
        if (bytesRead === 0) {
            throw new Error(`${path} became shorter while it was used`);
        }
        return buffer.subarray(0, bytesRead);
    };
    const compare = async (bytes, at, length) => {
        const old = await readAt(Buffer.allocUnsafe(length), length, at);
        const fresh = Buffer.from(bytes.buffer, bytes.byteOffset, old.length);
        if (old.equals(fresh)) {
            return;
        }
        differences += 1;
        const first = at + fresh.findIndex((byte, index) => byte !== old[index]);
        for (const reader of readers) {
            reader.broken ||= reader.position > first;
        }
    };
    return {
        write: async (pieces, at, compareTo) => {
            const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
            if (compareTo > at) {
                await compare(Buffer.concat(pieces), at, Math.min(length, compareTo - at));
            }
            try {
                for (let [rest, done] = [pieces, 0]; done < length;) {
                    const { bytesWritten } = await handle.writev(rest, at + done);
                    done += bytesWritten;
                    rest = done < length ? [Buffer.concat(pieces).subarray(done)] : [];
                }
            }
            catch (error) {
                throw await explain(error, Math.max(length, (extent.size() ?? 0) - extent.front()));
            }
            return length;
        },
        read: async function* (from, signal) {
            const reader = { position: from, broken: false };
            const buffer = Buffer.allocUnsafeSlow(READ);
            readers.add(reader);
            try {
                for (;;) {
                    if (reader.broken) {
                        throw new WrongBytes(filename, expected ?? 'the one seen first', null);
                    }
                    const end = visible();
                    if (reader.position < end) {
                        const length = Math.min(READ, end - reader.position);
                        const piece = await readAt(buffer, length, reader.position);
                        reader.position += piece.length;
                        yield piece;
                    }
                    else if (extent.verified()) {
                        return;
                    }
                    else if (failed() !== null) {
                        throw failed();
                    }
                    else {
                        await bell.wait(signal);
                    }
                }
            }
            finally {
                readers.delete(reader);
                await closeWhenIdle();
            }
        },
        hash: async (signal) => {
            const buffer = Buffer.allocUnsafeSlow(HASHED);
            let [round, position, hash] = [restarts, 0, (0,external_node_crypto_.createHash)('sha256')];
            for (;;) {
                const front = extent.front();
                if (round !== restarts) {
                    [round, position, hash] = [restarts, 0, (0,external_node_crypto_.createHash)('sha256')];
                }
                else if (front - position >= HASHED || (position < front && front === extent.size())) {
                    const piece = await readAt(buffer, Math.min(HASHED, front - position), position);
                    if (round === restarts) {
                        hash.update(piece);
                        position += piece.length;
                    }
                }
                else if (position === extent.size()) {
                    return hash.digest('hex');
                }
                else {
                    await bell.wait(signal);
                }
            }
        },
        restart: () => {
            restarts += 1;
        },
        differences: () => differences,
        close: async () => {
            closing = true;
            await closeWhenIdle();
        },
    };
}

;// CONCATENATED MODULE: ./.build/src/transfer/segments.js
/**
 * Starts the book of a file in segments of `segmentBytes`; a file below `wholeBelow` is one segment.
 * `kept`: pieces that an earlier run left, in any order; those that overlap or lie outside the file are forgotten.
 */
function createSegments(size, segmentBytes, wholeBelow, kept = []) {
    let length = size;
    let past = [];
    let list = layOut(size, segmentBytes, wholeBelow, kept, past);
    const longest = () => list
        .filter((s) => s.busy && Number.isFinite(s.end))
        .reduce((a, b) => (a === null || b.end - b.reached > a.end - a.reached ? b : a), null);
    const pieces = () => list.flatMap((s) => s.pieces);
    return {
        take: () => {
            const free = list.find((s) => !s.busy && s.reached < s.end);
            if (free !== undefined) {
                free.busy = true;
            }
            return free ?? null;
        },
        split: (least) => {
            const victim = longest();
            const middle = victim === null ? 0 : victim.reached + Math.ceil((victim.end - victim.reached) / 2);
            if (victim === null || victim.end - middle < least) {
                return null;
            }
            const tail = { ...fresh(middle, victim.end), busy: true, compareTo: Math.max(middle, victim.compareTo) };
            victim.end = middle;
            victim.compareTo = Math.min(victim.compareTo, middle);
            list.splice(list.indexOf(victim) + 1, 0, tail);
            return tail;
        },
        widest: () => {
            const victim = longest();
            return victim === null ? 0 : Math.floor((victim.end - victim.reached) / 2);
        },
        advance: (segment, source, to) => {
            const last = segment.pieces.at(-1);
            if (last?.source === source && last.to === segment.reached) {
                last.to = to;
            }
            else {
                segment.pieces.push({ source, from: segment.reached, to });
            }
            segment.reached = to;
        },
        at: (position) => list.find((s) => position >= s.start && position < s.end) ?? null,
        setSize: (known) => {
            const open = list.at(-1);
            if (length !== null || open === undefined) {
                return;
            }
            length = known;
            open.end = known;
            // The connection that found the length goes on with the first segment.
            const first = grid(known, segmentBytes, wholeBelow).filter((start) => start > open.reached);
            for (const [index, start] of first.entries()) {
                open.end = Math.min(open.end, start);
                list.push(fresh(start, first[index + 1] ?? known));
            }
        },
        size: () => length,
        front: () => list.find((s) => s.reached < s.end)?.reached ?? length ?? 0,
        missing: () => (length === null ? Number.POSITIVE_INFINITY : list.reduce((sum, s) => sum + s.end - s.reached, 0)),
        hasFree: () => list.some((s) => !s.busy && s.reached < s.end),
        sources: () => [...new Set(pieces().map((p) => p.source))],
        pieces,
        recall: (source) => {
            const here = pieces();
            past = [...past, ...here.filter((p) => p.source === source)];
            list = layOut(length, segmentBytes, wholeBelow, here.filter((p) => p.source !== source), past);
        },
    };
}
function fresh(start, end) {
    return { start, reached: start, end, busy: false, pieces: [], compareTo: start };
}
function grid(size, segmentBytes, wholeBelow) {
    const count = size < wholeBelow ? 1 : Math.ceil(size / segmentBytes);
    return Array.from({ length: count }, (_, index) => index * segmentBytes);
}
/** Segments cut at the grid and where a piece begins, so that no piece is lost for a hole before it. */
function layOut(size, segmentBytes, wholeBelow, kept, past) {
    const end = size ?? Number.POSITIVE_INFINITY;
    const inside = (p) => p.from >= 0 && p.from < p.to && p.to <= end;
    const [here, gone] = [kept.filter(inside).sort((a, b) => a.from - b.from), past.filter(inside)];
    const cuts = size === null ? [0] : grid(size, segmentBytes, wholeBelow);
    const starts = [...new Set([...cuts, ...here.map((p) => p.from), ...gone.map((p) => p.from)])].sort((a, b) => a - b);
    const list = starts.map((start, index) => fresh(start, starts[index + 1] ?? end));
    for (const segment of list) {
        for (const piece of here) {
            const to = Math.min(piece.to, segment.end);
            if (piece.from <= segment.reached && to > segment.reached) {
                segment.pieces.push({ source: piece.source, from: segment.reached, to });
                segment.reached = to;
            }
        }
        for (const piece of gone) {
            if (piece.from <= segment.reached) {
                segment.compareTo = Math.max(segment.compareTo, Math.min(piece.to, segment.end));
            }
        }
    }
    return list;
}

;// CONCATENATED MODULE: ./.build/src/transfer/download-state.js



/** The state of a file of which `onDisk` bytes are in its partial file, `record` telling which. */
function readState(file, routes, bell, timings, record, onDisk) {
    const kept = record_readRecord(record, file.sha256, onDisk, bootTime());
    const stated = statedSize(file);
    const fresh = freshSegments(file, timings);
    const usable = kept !== null && (stated === null || stated === kept.size);
    const found = usable ? createSegments(kept.size, timings.segmentBytes, timings.wholeBelow, kept.pieces) : fresh;
    // Complete, and no hash to check it by, no request left to ask its source by: fetched again.
    const segments = file.sha256 === null && found.missing() === 0 ? fresh : found;
    const identity = segments.sources().length > 0 ? (kept?.identity ?? null) : null;
    const confirmed = file.sha256 !== null || identity === null;
    return { file, routes, bell, segments, identity, confirmed, recalling: null, verified: false, failure: null };
}
/** A file's book with nothing in it. */
function freshSegments(file, timings) {
    return createSegments(statedSize(file), timings.segmentBytes, timings.wholeBelow);
}
function statedSize(file) {
    return file.size ?? file.locations.find((l) => l.size !== null)?.size ?? null;
}
/** Alive routes at other hosts: somebody could take over. */
function othersThan(route, state) {
    return state.routes.filter((r) => r.lane !== route.lane && routes_isAlive(r) && !r.suspected);
}
/** It may serve this file now: the same copy where no hash tells copies apart; one that ignores ranges only when no better one is left, and once. */
function isUsable(route, state) {
    const { file, identity, routes } = state;
    const sameCopy = file.sha256 !== null || identity === null || identity.source === route.location.source;
    const better = routes.some((r) => r !== route && !r.rangeless && routes_isAlive(r) && !r.suspected);
    return sameCopy && (!route.rangeless || (route.mine === 0 && !better));
}
/** The bytes of `source` are missing again. */
function takeBack(source, state, disk) {
    state.segments.recall(source);
    disk.restart();
    state.bell.ring();
}

;// CONCATENATED MODULE: ./.build/src/transfer/ask.js




/** Asks a source for bytes of a file by http(s) or `file:`. Throws Refused or HttpFault when it does not answer with them. */
function ask_ask(client, wanted) {
    return wanted.url.startsWith('file:') ? askFile(wanted) : askHttp(client, wanted);
}
async function askHttp(client, wanted) {
    const { url, from, to, size, limits, signal } = wanted;
    const range = wanted.whole ? {} : { range: `bytes=${from}-${to === null ? '' : to - 1}` };
    const answer = await client.request({
        url,
        headers: { accept: 'application/octet-stream, */*;q=0.5', 'accept-encoding': 'identity', ...range },
        credentials: wanted.credentials,
        ...limits,
        signal,
    });
    try {
        const { headers, status } = answer;
        if (status !== 200 && status !== 206) {
            throw refusedByStatus(status, headers['retry-after'], Date.now());
        }
        if (/^(text\/html|application\/xhtml)/i.test(headers['content-type'] ?? '')) {
            throw refusal_refused('html', 'answered with a web page instead of the file');
        }
        const encoding = headers['content-encoding'];
        if (encoding !== undefined && encoding !== 'identity') {
            throw refusal_refused('malformed', `sends the file re-encoded (${encoding})`);
        }
        const { at, total } = status === 206 ? readContentRange(headers['content-range'], from, to) : { at: 0, total: readLength(headers) };
        if (size !== null && total !== null && total !== size) {
            throw refusal_refused('malformed', `has a file of ${total} bytes, not ${size}`);
        }
        return {
            at,
            total,
            ranged: status === 206,
            validator: readValidator(headers),
            body: answer.body,
            cancel: () => answer.cancel(),
        };
    }
    catch (error) {
        answer.cancel();
        throw error;
    }
}
/** `Content-Range: bytes 0-499/1234` (RFC 9110, section 14.4), which has to begin where it was asked to and not to end later. */
function readContentRange(value, from, to) {
    const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(value ?? '');
    if (match === null) {
        throw refusal_refused('malformed', `answered 206 with the Content-Range ${JSON.stringify(value ?? '')}`);
    }
    const [at, last] = [Number(match[1]), Number(match[2])];
    if (at !== from || (to !== null && last >= to)) {
        throw refusal_refused('malformed', `sent the range ${at}-${last}, not ${from}-${to === null ? '' : to - 1}`);
    }
    return { at, total: match[3] === '*' ? null : Number(match[3]) };
}
function readLength(headers) {
    const value = headers['content-length'];
    return value !== undefined && /^\d+$/.test(value) ? Number(value) : null;
}
function readValidator(headers) {
    const etag = headers['etag'];
    return etag !== undefined && !etag.startsWith('W/') ? etag : (headers['last-modified'] ?? null);
}
async function askFile(wanted) {
    const { to, size, signal } = wanted;
    const from = wanted.whole ? 0 : wanted.from;
    const path = (0,external_node_url_.fileURLToPath)(wanted.url);
    const found = await (0,promises_.stat)(path).catch((error) => {
        throw refusal_refused('missing', `can't be read (${errorCode(error) ?? String(error)})`);
    });
    if (!found.isFile() || (size !== null && found.size !== size)) {
        throw refusal_refused('malformed', found.isFile() ? `has a file of ${found.size} bytes, not ${size}` : 'is no file');
    }
    return {
        at: from,
        total: found.size,
        ranged: true,
        validator: `${found.mtimeMs}-${found.ino}`,
        body: readFileRange(path, from, Math.min(to ?? found.size, found.size), signal),
        // The file is opened by the first read and closed when the reader leaves.
        cancel: () => undefined,
    };
}
async function* readFileRange(path, from, to, signal) {
    const handle = await (0,promises_.open)(path, 'r');
    try {
        for (let position = from; position < to;) {
            signal.throwIfAborted();
            const length = Math.min(2 ** 18, to - position);
            const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(length), 0, length, position);
            if (bytesRead === 0) {
                throw refusal_refused('reset', 'became shorter while it was read');
            }
            yield buffer.subarray(0, bytesRead);
            position += bytesRead;
        }
    }
    finally {
        await handle.close();
    }
}

;// CONCATENATED MODULE: ./.build/src/transfer/connection.js

/** What arrives within this time (ms) of the last write is gathered for the next one: a slow connection's bytes are not kept waiting. */
const GATHER_MS = 5;
/**
 * Pours an answer into the file, from `first` (already busy) on. A ranged answer ends with its segment; a `stream`, which began where
 * the server liked, goes on through every segment that nobody else fetches and passes over the others. Whatever was claimed is free
 * again afterwards. Throws Refused when the answer ends too early.
 */
async function pour(reply, first, segments, stream, sink) {
    let mine = first;
    let position = reply.at;
    const asked = first.end;
    /** Pieces that follow `mine.reached`. */
    let held = [];
    let heldBytes = 0;
    let wroteAt = 0;
    const flush = async () => {
        const pieces = held;
        [held, heldBytes] = [[], 0];
        if (mine !== null && pieces.length > 0) {
            await sink.write(mine, pieces);
            wroteAt = performance.now();
        }
    };
    try {
        for await (const chunk of reply.body) {
            sink.arrived(chunk.length);
            for (let offset = 0; offset < chunk.length;) {
                const rest = chunk.length - offset;
                mine ??= stream ? claim(segments, position) : null;
                const next = mine === null ? 0 : mine.reached + heldBytes;
                const step = mine === null
                    ? stream
                        ? skip(segments, position, rest)
                        : 0
                    : Math.min(rest, position < next ? next - position : Math.min(sink.batch - heldBytes, mine.end - position));
                if (step <= 0) {
                    return;
                }
                if (mine !== null && position === next) {
                    held.push(chunk.subarray(offset, offset + step));
                    heldBytes += step;
                }
                offset += step;
                position += step;
                if (mine === null) {
                    continue;
                }
                const ended = position >= mine.end;
                if (ended || heldBytes >= sink.batch || performance.now() - wroteAt > GATHER_MS) {
                    await flush();
                }
                if (mine.reached >= mine.end) {
                    mine.busy = false;
                    mine = null;
                    // An answer that is read to its end leaves its connection open for the next one; a part was given to somebody else: cut it off.
                    if (stream ? !segments.hasFree() : position < asked) {
                        return;
                    }
                }
            }
        }
        await flush();
        if (segments.size() === null) {
            segments.setSize(position);
        }
        else if (mine !== null && mine.reached < mine.end) {
            throw refusal_refused('reset', `ended after ${position} bytes, before ${mine.end}`);
        }
    }
    finally {
        // What came before a break is kept.
        await flush().finally(() => {
            if (mine !== null) {
                mine.busy = false;
            }
            reply.cancel();
        });
    }
}
function claim(segments, position) {
    const here = segments.at(position);
    if (here === null || here.busy || here.reached >= here.end || here.reached < position) {
        return null;
    }
    here.busy = true;
    return here;
}
function skip(segments, position, rest) {
    const here = segments.at(position);
    return here === null ? 0 : Math.min(rest, here.end - position);
}

;// CONCATENATED MODULE: ./.build/src/transfer/lanes.js
/** Connections to a host whose source is in no list: a direct link, a folder. */
const UNLISTED_CONNECTIONS = 16;
/** The hosts of a run. A limit holds for a host, whichever source names it. */
function openLanes(sources) {
    const lanes = new Map();
    return {
        lane: (location) => {
            const { protocol, host } = new URL(location.url);
            const key = `${protocol}//${host}`;
            const known = lanes.get(key);
            if (known !== undefined) {
                return known;
            }
            const limit = Math.max(1, sources(location.source)?.connections ?? UNLISTED_CONNECTIONS);
            const lane = { host: key, limit, active: 0, notBefore: 0, left: false, rate: null };
            lanes.set(key, lane);
            return lane;
        },
        // A page may name files of any host: the index's password is for the index's own origin.
        credentials: (location) => {
            const source = sources(location.source);
            const same = source !== undefined && URL.canParse(source.url) && new URL(source.url).origin === new URL(location.url).origin;
            return same ? source.credentials : null;
        },
    };
}
/** Takes one measurement into a lane's rate: `bytes` over one connection in `ms`. Few bytes in a short time say nothing. */
function measure(lane, bytes, ms) {
    if (bytes < 2 ** 18 && ms < 1000) {
        return;
    }
    const seen = (bytes * 1000) / Math.max(1, ms);
    lane.rate = lane.rate === null ? seen : lane.rate * 0.6 + seen * 0.4;
}

;// CONCATENATED MODULE: ./.build/src/transfer/lines.js






/** Opens connections that carry bytes from the routes of a file into its partial file, until `signal` ends them all. */
function createLines(state, disk, around, signal, events) {
    const { file, bell } = state;
    const { timings } = around;
    const lines = new Set();
    /** Takes in what an answer says of the file. False: the answer is of no use, and nobody's fault. */
    const accept = async (reply, route, asked, whole) => {
        const { identity, segments } = state;
        const copy = { source: route.location.source, validator: reply.validator ?? '' };
        const sameSize = reply.total === null || reply.total === (segments.size() ?? reply.total);
        if (file.sha256 === null && identity !== null && (identity.validator !== copy.validator || !sameSize)) {
            if (state.confirmed) {
                state.recalling = identity.source;
                throw refusal_refused('reset', 'has another file now than when its first bytes came');
            }
            Object.assign(state, { segments: freshSegments(file, timings), identity: null, confirmed: true });
            disk.restart();
            return false;
        }
        if (reply.ranged && reply.total === null && segments.size() === null) {
            // It does not say how long the file is: the end of the whole will.
            route.rangeless = true;
            return false;
        }
        state.identity ??= copy;
        state.confirmed = true;
        if (!reply.ranged && !whole) {
            route.rangeless = true;
            if (asked.reached > 0 && othersThan(route, state).some((r) => !r.rangeless)) {
                return false;
            }
        }
        if (reply.total !== null && segments.size() === null) {
            segments.setSize(reply.total);
            await events.measured();
        }
        bell.ring();
        return true;
    };
    const carry = async (line, segment) => {
        const { route } = line;
        const { segments } = state;
        const { source, url } = route.location;
        // The scheduler may split the segment for others before it is done: asked for now, their part would come twice.
        await Promise.resolve();
        const whole = route.rangeless || (segment.reached === 0 && segment.end === segments.size());
        let claimed = false;
        try {
            const reply = await ask_ask(around.client, {
                url,
                credentials: around.credentials(route.location),
                from: segment.reached,
                to: Number.isFinite(segment.end) ? segment.end : timings.segmentBytes,
                size: state.confirmed ? segments.size() : null,
                whole,
                limits: othersThan(route, state).length > 0 || events.hopeful() ? timings.hurried : timings.patient,
                signal: AbortSignal.any([signal, line.stop.signal]),
            });
            try {
                claimed = await accept(reply, route, segment, whole);
            }
            finally {
                if (!claimed) {
                    reply.cancel();
                }
            }
            if (!claimed) {
                return;
            }
            await pour(reply, segment, segments, !reply.ranged, {
                batch: timings.splitBytes / 2,
                arrived: (bytes) => {
                    line.bytes += bytes;
                    around.count(source, bytes);
                },
                write: async (into, pieces) => {
                    const bytes = await disk.write(pieces, into.reached, into.compareTo);
                    segments.advance(into, source, into.reached + bytes);
                    bell.ring();
                    events.wrote(bytes);
                },
            });
            route.strikes = 0;
        }
        finally {
            segment.busy &&= claimed;
        }
    };
    const run = async (line, segment) => {
        const { route, stop } = line;
        const started = Date.now();
        lines.add(line);
        route.mine += 1;
        route.lane.active += 1;
        try {
            await carry(line, segment);
        }
        catch (error) {
            const refusal = asRefusal(stop.signal.aborted ? stop.signal.reason : error);
            if (signal.aborted) {
                return;
            }
            if (refusal === null) {
                events.failed(error);
            }
            else {
                events.refused(route, refusal, line.bytes, started);
            }
        }
        finally {
            lines.delete(line);
            route.mine -= 1;
            route.lane.active -= 1;
            measure(route.lane, line.bytes, Date.now() - started);
            events.closed();
        }
    };
    return {
        open: (route, segment) => {
            const line = { route, stop: new AbortController(), bytes: 0, seenBytes: 0, seenAt: Date.now() };
            run(line, segment).catch(events.failed);
        },
        count: () => lines.size,
        sources: () => [...new Set([...lines].map((line) => line.route.location.source))],
        dropSlow: (nowMs) => {
            for (const line of lines) {
                const ms = nowMs - line.seenAt;
                const ready = othersThan(line.route, state).filter((r) => isUsable(r, state) && readyAt(r) <= nowMs);
                const best = Math.max(0, ...ready.map((r) => r.lane.rate ?? 0));
                const brought = line.bytes - line.seenBytes;
                const outrun = ms >= timings.slowMs / 4 && brought < (best * ms) / 10_000;
                if (ms < timings.slowMs && !outrun) {
                    continue;
                }
                if (ready.length === 0 && brought < timings.slowBytes) {
                    events.crawled();
                }
                else if (outrun || (ready.length > 0 && brought < timings.slowBytes)) {
                    line.stop.abort(refusal_refused('slow', `brought ${brought} bytes in ${ms} ms`));
                }
                line.seenBytes = line.bytes;
                line.seenAt = nowMs;
            }
        },
    };
}

;// CONCATENATED MODULE: ./.build/src/transfer/scout.js

/** A scout that adds what it finds to `routes`; `back` is called when its answer is there. */
function createScout(file, routes, around, back) {
    const { more, log } = around;
    let state = more === null ? 'back' : 'home';
    const look = async (ask) => {
        try {
            const known = new Set(routes.map((route) => route.location.url));
            const locations = (await ask(file)).filter(({ url }) => !known.has(url));
            routes.push(...createRoutes({ ...file, locations }, around.lane));
        }
        catch (error) {
            // The places that are known stay; what becomes of the file is decided by them.
            log.debug(`${file.filename}: no more places were found: ${String(error)}`);
        }
        finally {
            state = 'back';
            back();
        }
    };
    return {
        isOpen: () => state !== 'back',
        send: () => {
            if (state === 'home' && more !== null) {
                state = 'out';
                look(more).catch((error) => log.debug(String(error)));
            }
        },
    };
}

;// CONCATENATED MODULE: ./.build/src/transfer/download.js










/** How long (ms) half of a rest has to take over the slowest source in use to be worth another connection. */
const SPLIT_MS = 150;
/** Opens the download of `file` into `partial`, going on with what an earlier run left there. */
async function openDownload(file, partial, around) {
    const { timings, log, store } = around;
    const expected = file.sha256;
    const routes = createRoutes(file, around.lane);
    const bell = createBell();
    const life = new AbortController();
    const signal = AbortSignal.any([around.signal, life.signal]);
    const faults = [];
    const onDisk = (await (0,promises_.stat)(partial.path)).size;
    const state = readState(file, routes, bell, timings, partial.record, onDisk);
    let saving = null;
    /** Bytes that arrived since the last record. */
    let unsaved = 0;
    const extent = {
        front: () => (state.confirmed ? state.segments.front() : 0),
        size: () => (state.confirmed ? state.segments.size() : null),
        verified: () => state.verified,
    };
    const disk = await openDiskFile(partial.path, file.filename, expected, extent, bell, () => state.failure, store.explain);
    const fail = (error) => {
        state.failure ??= error;
        life.abort(state.failure);
        bell.ring();
    };
    const checkSpace = async () => {
        const [needed, free] = [state.segments.missing(), await store.free()];
        if (Number.isFinite(needed) && needed > free) {
            throw new DiskFull(store.root, needed, free);
        }
    };
    const blameRoute = (route, refusal, gained, begunMs) => {
        const alone = othersThan(route, state).length === 0;
        const left = routes_refuse(route, refusal, gained, alone && !scout.isOpen(), begunMs, Date.now());
        if (alone) {
            scout.send();
        }
        faults.push(faultOf(route, refusal));
        log.debug(`${file.filename}: ${route.location.source} ${refusal.detail}${left ? '; left' : ''}`);
        if (left && expected === null && state.identity?.source === route.location.source) {
            state.recalling = state.identity.source;
        }
    };
    /** After every change: takes back what is to be taken back, gives up when nobody is left. */
    const settle = () => {
        if (lines.count() === 0 && state.failure === null && !state.verified) {
            if (state.recalling !== null) {
                takeBack(state.recalling, state, disk);
                state.recalling = null;
                state.identity = null;
            }
            if (state.segments.missing() > 0 && !routes.some((r) => routes_isAlive(r) && !r.suspected)) {
                for (const route of routes) {
                    route.suspected = false;
                }
                if (!routes.some(routes_isAlive) && scout.isOpen()) {
                    scout.send();
                }
                else if (!routes.some(routes_isAlive)) {
                    fail(exhausted(file.filename, routes));
                }
            }
        }
        bell.ring();
        around.changed();
    };
    const scout = createScout(file, routes, around, settle);
    const lines = createLines(state, disk, around, signal, {
        hopeful: scout.isOpen,
        crawled: scout.send,
        refused: blameRoute,
        failed: fail,
        closed: settle,
        measured: checkSpace,
        // A kill costs what no record knows of: well under a hundredth of the file.
        wrote: (bytes) => {
            unsaved += bytes;
            if (unsaved > Math.max(2 ** 19, (state.segments.size() ?? 0) / 400)) {
                saveSoon();
            }
        },
    });
    const save = async () => {
        const { segments, identity, confirmed } = state;
        const size = segments.size();
        if (size !== null && confirmed) {
            unsaved = 0;
            const pieces = segments.pieces();
            const record = { version: 1, size, sha256: expected, identity, pieces, bootedMs: bootTime() };
            await partial.save(record);
        }
    };
    const saveSoon = () => {
        saving ??= save()
            .catch(fail)
            .finally(() => {
            saving = null;
        });
    };
    const tellProgress = (sources) => {
        const total = state.segments.size();
        const bytes = total === null ? state.segments.front() : total - state.segments.missing();
        log.progress({ item: file.filename, bytes, total, sources });
    };
    const tick = () => {
        lines.dropSlow(Date.now());
        settle();
        tellProgress(lines.sources());
        saveSoon();
    };
    /** The hash of the whole is `actual`, not the one expected: somebody's bytes are fetched again. */
    const repair = async (actual) => {
        let next = blame(state.segments.sources(), routes);
        while (next.recall === null && scout.isOpen()) {
            scout.send();
            await bell.wait(signal);
            next = blame(state.segments.sources(), routes);
        }
        if (next.recall === null) {
            throw exhausted(file.filename, routes);
        }
        for (const route of routes.filter((r) => r.location.source === next.recall)) {
            if (next.proven) {
                blameRoute(route, wrongHash(`sha256 ${actual}`, expected), 0, Date.now());
            }
            else {
                route.suspected = true;
            }
        }
        takeBack(next.recall, state, disk);
        settle();
    };
    /** The hash is right: a suspect whose bytes had to be replaced by other ones is proven wrong. */
    const convict = (replaced) => {
        for (const route of routes.filter((r) => r.suspected && replaced)) {
            blameRoute(route, wrongHash('other bytes', expected), 0, Date.now());
        }
    };
    /** The smallest half of a rest that is split off: what the connection there has under way is lost, so the half has to take it a while. */
    const least = () => {
        const rates = routes.filter((r) => r.mine > 0).map((r) => r.lane.rate ?? 0);
        return Math.max(timings.splitBytes, (Math.min(...rates) * SPLIT_MS) / 1000);
    };
    return {
        run: async () => {
            const timer = setInterval(tick, timings.tickMs);
            try {
                await checkSpace();
                tellProgress([]);
                settle();
                for (let differences = 0;;) {
                    const actual = await disk.hash(signal);
                    while (lines.count() > 0) {
                        await bell.wait(signal);
                    }
                    if (expected === null || actual === expected) {
                        state.verified = true;
                        tellProgress(state.segments.sources());
                        convict(disk.differences() > differences);
                        bell.ring();
                        return actual;
                    }
                    differences = disk.differences();
                    await repair(actual);
                }
            }
            catch (error) {
                fail(error);
                throw state.failure;
            }
            finally {
                clearInterval(timer);
            }
        },
        size: async (waiting) => {
            for (;;) {
                const size = extent.size();
                if (size !== null) {
                    return size;
                }
                if (state.failure !== null) {
                    throw state.failure;
                }
                await bell.wait(waiting);
            }
        },
        read: (from, reading) => disk.read(from, reading),
        faults: () => faults,
        close: async () => {
            life.abort(new Error('the download was closed'));
            while (lines.count() > 0) {
                await bell.wait(AbortSignal.timeout(5000));
            }
            await saving;
            if (!state.verified && !(state.failure instanceof DiskFull)) {
                await save();
            }
            await disk.close();
        },
        want: (nowMs) => {
            const { segments } = state;
            const idle = state.recalling !== null || state.failure !== null || state.verified;
            const more = segments.hasFree() || segments.widest() >= least();
            // Until it is known which copy is fetched, one connection at a time.
            const single = expected === null && (state.identity === null || !state.confirmed);
            return {
                missing: segments.missing(),
                connections: lines.count(),
                most: idle || !more ? 0 : single ? 1 : timings.connectionsPerFile,
                routes: routes.map((r) => viewRoute(r, isUsable(r, state), nowMs)),
            };
        },
        begin: (index) => {
            const route = routes[index];
            const segment = state.segments.take() ?? state.segments.split(least());
            if (route !== undefined && segment !== null) {
                lines.open(route, segment);
            }
        },
        wakeAt: (nowMs) => {
            const waiting = routes.filter((r) => routes_isAlive(r) && !r.suspected && isUsable(r, state) && readyAt(r) > nowMs);
            return Math.min(...waiting.map(readyAt));
        },
    };
}
function wrongHash(sent, expected) {
    const detail = `sent ${sent} where the index says sha256 ${expected}`;
    return { kind: 'wrong-hash', detail, remedy: null, retryAfterMs: null };
}

;// CONCATENATED MODULE: ./.build/src/transfer/file-transfer.js



/** Starts to bring a file into the store: it is there already, another process is bringing it, or it is downloaded. `key` names its partial file. */
function startFileTransfer(file, key, around) {
    const { store, signal } = around;
    let faults = () => [];
    /** The partial file is closed or about to be: who comes now reads from the store. */
    let ended = false;
    const begin = async () => {
        const place = await findOrClaim(file, key, around);
        if ('sha256' in place) {
            return place;
        }
        const download = await openDownload(file, place, around).catch(async (error) => {
            await place.release();
            throw error;
        });
        faults = download.faults;
        around.add(download);
        return { partial: place, download };
    };
    const begun = begin();
    const finish = async () => {
        const state = await begun;
        if ('sha256' in state) {
            return state;
        }
        const { partial, download } = state;
        // Bytes that arrived are kept for the next run; on a full disk they would be in everybody's way.
        let keep = true;
        try {
            const sha256 = await download.run();
            const stored = await store.admit(partial.path, { sha256, filename: file.filename }, 'hashed');
            keep = false;
            around.arrived(stored);
            return stored;
        }
        catch (error) {
            keep = !(error instanceof DiskFull);
            throw error;
        }
        finally {
            ended = true;
            around.remove(download);
            await download.close();
            await (keep ? partial.release() : partial.discard());
        }
    };
    const done = finish();
    // Readers and those who wait for the size learn of a failure by themselves.
    done.catch(() => undefined);
    return {
        done,
        faults: () => faults(),
        size: async () => {
            const state = await begun;
            return 'sha256' in state ? state.size : state.download.size(signal);
        },
        read: async function* (from, reading) {
            const state = await begun;
            yield* 'sha256' in state || ended ? store.read(await done, from, reading) : state.download.read(from, reading);
        },
    };
}
/** The file in the store, or the place to download it to. Another process's download is waited for; past the limit a place of our own is taken. */
async function findOrClaim(file, key, around) {
    const { store, signal, timings } = around;
    const until = Date.now() + (file.sha256 === null ? 0 : timings.foreignMs);
    for (let said = false;; said = true) {
        const stored = file.sha256 === null ? null : await store.find(file.sha256, file.filename);
        const place = stored ?? (await store.partial(key));
        if (place !== null) {
            return place;
        }
        if (Date.now() >= until) {
            const own = await store.partial(`${key}-${process.pid}-${Math.random().toString(36).slice(2)}`);
            if (own !== null) {
                return own;
            }
        }
        if (!said) {
            around.log.info(`${file.filename}: another process is downloading it; waiting for that one`);
        }
        await (0,external_node_timers_promises_namespaceObject.setTimeout)(200, undefined, { signal });
    }
}

;// CONCATENATED MODULE: ./.build/src/transfer/scheduler.js
/**
 * Chooses who gets the next connection, and to where: files without one first, the smallest of them before the others; then the
 * file with most bytes missing for each connection it has. Connections of a file are spread over its sources in proportion to
 * their speed; one that was not measured is taken to be as fast as the best. Null when nothing can be begun.
 */
function scheduler_choose(wants) {
    const open = wants
        .map((want, index) => ({ want, index, route: bestRoute(want.routes) }))
        .filter((o) => o.route !== null && o.want.connections < o.want.most);
    const waiting = open.filter((o) => o.want.connections === 0).sort((a, b) => a.want.missing - b.want.missing);
    const share = (want) => want.missing / want.connections;
    const chosen = waiting[0] ?? open.sort((a, b) => share(b.want) - share(a.want))[0];
    return chosen === undefined || chosen.route === null ? null : { want: chosen.index, route: chosen.route };
}
function bestRoute(routes) {
    const best = Math.max(1, ...routes.map((r) => r.rate ?? 0));
    let chosen = null;
    let score = 0;
    for (const [index, route] of routes.entries()) {
        const worth = (route.rate ?? best) / (route.mine + 1);
        if (route.ready && route.active < route.limit && worth > score) {
            chosen = index;
            score = worth;
        }
    }
    return chosen;
}

;// CONCATENATED MODULE: ./.build/src/transfer/slice.js




/**
 * Bytes `[from, to)` of a file by one small range request, from the first source that answers with them; nothing is kept, and no hash
 * vouches for them. Throws a Failure naming each source when none does (one that ignores ranges does not).
 */
function fetchSlice(file, from, to, around, signal) {
    const { timings } = around;
    const routes = createRoutes(file, around.lane);
    const both = AbortSignal.any([signal, around.signal]);
    return new Promise((resolve, reject) => {
        let busy = false;
        const settle = (settled) => {
            around.remove(work);
            both.removeEventListener('abort', stop);
            settled();
        };
        const stop = () => settle(() => reject(both.reason));
        const giveUp = () => settle(() => reject(exhausted(file.filename, routes)));
        const scout = createScout(file, routes, around, () => (routes.some(routes_isAlive) ? around.changed() : giveUp()));
        const fetchFrom = async (index) => {
            const route = routes[index];
            if (route === undefined) {
                return;
            }
            const begun = Date.now();
            const alone = !routes.some((r) => r !== route && routes_isAlive(r));
            const hurried = !alone || scout.isOpen();
            route.lane.active += 1;
            busy = true;
            try {
                const limits = hurried ? timings.hurried : timings.patient;
                const wanted = {
                    url: route.location.url,
                    credentials: around.credentials(route.location),
                    from,
                    to,
                    size: file.size,
                };
                const reply = await ask_ask(around.client, { ...wanted, whole: false, limits, signal: both });
                if (!reply.ranged) {
                    reply.cancel();
                    throw refusal_refused('malformed', 'sends the whole file where a range was asked for');
                }
                const pieces = [];
                let received = 0;
                for await (const piece of reply.body) {
                    around.count(route.location.source, piece.length);
                    pieces.push(piece);
                    received += piece.length;
                    const ms = Date.now() - begun;
                    if (hurried && ms > timings.slowMs && received < (timings.slowBytes * ms) / timings.slowMs) {
                        throw refusal_refused('slow', `brought ${received} bytes in ${ms} ms`);
                    }
                }
                const bytes = Buffer.concat(pieces);
                const total = reply.total;
                if (total === null || bytes.length !== Math.min(to, total) - from) {
                    throw refusal_refused('reset', `sent ${bytes.length} bytes of the range ${from}-${to - 1}`);
                }
                settle(() => resolve({ bytes, total }));
            }
            catch (error) {
                const refusal = asRefusal(error);
                if (refusal === null || both.aborted) {
                    settle(() => reject(error));
                    return;
                }
                routes_refuse(route, refusal, 0, !hurried, begun, Date.now());
                if (alone) {
                    scout.send();
                }
                if (!routes.some(routes_isAlive) && !scout.isOpen()) {
                    giveUp();
                }
            }
            finally {
                busy = false;
                route.lane.active -= 1;
                around.changed();
            }
        };
        const work = {
            want: (nowMs) => ({
                missing: to - from,
                connections: busy ? 1 : 0,
                most: busy ? 0 : 1,
                routes: routes.map((r) => viewRoute(r, true, nowMs)),
            }),
            begin: (route) => {
                fetchFrom(route).catch(reject);
            },
            wakeAt: (nowMs) => Math.min(...routes.filter((r) => routes_isAlive(r) && readyAt(r) > nowMs).map(readyAt)),
        };
        both.addEventListener('abort', stop, { once: true });
        around.add(work);
        if (!routes.some(routes_isAlive)) {
            scout.send();
            if (!scout.isOpen()) {
                giveUp();
            }
        }
    });
}

;// CONCATENATED MODULE: ./.build/src/transfer/timings.js
const defaultTimings = {
    segmentBytes: 4 * 2 ** 20,
    wholeBelow: 8 * 2 ** 20,
    splitBytes: 2 ** 19,
    connectionsPerFile: 16,
    hurried: { connectMs: 3000, headersMs: 4000, stallMs: 4000 },
    patient: { connectMs: 10_000, headersMs: 20_000, stallMs: 15_000 },
    tickMs: 1000,
    slowBytes: 2 ** 16,
    slowMs: 4000,
    foreignMs: 300_000,
};

;// CONCATENATED MODULE: ./.build/src/transfer/zip.js


/** The end record with the longest comment, the locator of ZIP64 before it, and in most wheels METADATA too. */
const TAIL = 2 ** 17;
const LARGEST_DIRECTORY = 2 ** 26;
const LARGEST_ENTRY = 2 ** 24;
/**
 * Unpacks the one file of a zip archive that `wanted` accepts, from its end and without reading the rest (APPNOTE.TXT 4.3, ZIP64
 * included). Throws Refused (`malformed`) when the archive is damaged, the file is missing, or it would grow past 16 MiB.
 */
async function readZipEntry(size, read, wanted) {
    const start = Math.max(0, size - TAIL);
    const tail = view(await read(start, size));
    const near = (from, to) => {
        if (from < 0 || to > size || from > to) {
            return Promise.reject(bad('points outside itself'));
        }
        return from >= start ? Promise.resolve(tail.subarray(from - start, to - start)) : read(from, to);
    };
    const directory = await readDirectory(size, tail, near);
    const entry = [...entriesOf(directory)].find((e) => wanted(e.name));
    if (entry === undefined) {
        throw bad('lacks the file that was looked for');
    }
    if (entry.encrypted ||
        (entry.method !== 0 && entry.method !== 8) ||
        entry.unpacked > LARGEST_ENTRY ||
        entry.packed > LARGEST_ENTRY) {
        throw bad(`packs ${entry.name} in a way that no wheel does`);
    }
    return zip_unpack(entry, near, size);
}
async function readDirectory(size, tail, read) {
    let at = tail.length - 22;
    while (at >= 0 && !(tail.readUInt32LE(at) === 0x06054b50 && at + 22 + tail.readUInt16LE(at + 20) === tail.length)) {
        at -= 1;
    }
    if (at < 0) {
        throw bad('has no end record');
    }
    let [length, offset] = [tail.readUInt32LE(at + 12), tail.readUInt32LE(at + 16)];
    if (at >= 20 && tail.readUInt32LE(at - 20) === 0x07064b50) {
        const record = number(tail, at - 12);
        const end = view(await read(record, record + 56));
        if (end.readUInt32LE(0) !== 0x06064b50) {
            throw bad('has no ZIP64 end record where it should be');
        }
        [length, offset] = [number(end, 40), number(end, 48)];
    }
    if (length > LARGEST_DIRECTORY || offset + length > size) {
        throw bad('has a directory that reaches past its end');
    }
    return view(await read(offset, offset + length));
}
function* entriesOf(directory) {
    for (let at = 0; at < directory.length;) {
        if (at + 46 > directory.length || directory.readUInt32LE(at) !== 0x02014b50) {
            throw bad('has a damaged directory');
        }
        const [nameLength, extraLength] = [directory.readUInt16LE(at + 28), directory.readUInt16LE(at + 30)];
        const extraAt = at + 46 + nameLength;
        const next = extraAt + extraLength + directory.readUInt16LE(at + 32);
        if (next > directory.length) {
            throw bad('has a damaged directory');
        }
        const wide = wideFields(directory.subarray(extraAt, extraAt + extraLength));
        const field = (value) => (value === 0xffffffff ? (wide.shift() ?? value) : value);
        // The ZIP64 field holds only what does not fit, in this order.
        const unpacked = field(directory.readUInt32LE(at + 24));
        const packed = field(directory.readUInt32LE(at + 20));
        const offset = field(directory.readUInt32LE(at + 42));
        yield {
            name: directory.toString('utf8', at + 46, extraAt),
            method: directory.readUInt16LE(at + 10),
            encrypted: (directory.readUInt16LE(at + 8) & 1) === 1,
            crc: directory.readUInt32LE(at + 16),
            packed,
            unpacked,
            offset,
        };
        at = next;
    }
}
function wideFields(extra) {
    for (let at = 0; at + 4 <= extra.length;) {
        const [id, length] = [extra.readUInt16LE(at), extra.readUInt16LE(at + 2)];
        if (id === 1 && at + 4 + length <= extra.length) {
            return Array.from({ length: Math.floor(length / 8) }, (_, index) => number(extra, at + 4 + index * 8));
        }
        at += 4 + length;
    }
    return [];
}
async function zip_unpack(entry, read, size) {
    const header = view(await read(entry.offset, Math.min(size, entry.offset + 30)));
    if (header.length < 30 || header.readUInt32LE(0) !== 0x04034b50) {
        throw bad('has a damaged file header');
    }
    // The lengths here are the header's own: its extra field may be another than the directory's.
    const from = entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
    const packed = await read(from, from + entry.packed);
    const bytes = entry.method === 0 ? packed : inflate(packed, entry.unpacked);
    if (bytes.length !== entry.unpacked || (0,external_node_zlib_.crc32)(bytes) !== entry.crc) {
        throw bad(`has a damaged ${entry.name}`);
    }
    return bytes;
}
function inflate(packed, limit) {
    try {
        return (0,external_node_zlib_.inflateRawSync)(packed, { maxOutputLength: Math.max(1, limit) });
    }
    catch (error) {
        throw bad(`can't be unpacked (${String(error)})`);
    }
}
function number(buffer, at) {
    const value = buffer.readBigUInt64LE(at);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
        throw bad('has a length that no file has');
    }
    return Number(value);
}
function view(bytes) {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
function bad(what) {
    return refusal_refused('malformed', `the archive ${what}`);
}

;// CONCATENATED MODULE: ./.build/src/transfer/wheel-metadata.js






/** A wheel of at most this many bytes is brought whole: that costs no more than its end. */
const WHOLE = 2 ** 18;
/**
 * METADATA of a wheel (PEP 658): kept with the store, else read from the wheel in the store, else by ranges of the wheel's end without
 * bringing the rest; where no source does ranges, from the whole wheel. Only text out of hash-checked bytes is kept. Throws Failure.
 */
async function wheelMetadata(file, transfers, store, signal) {
    if (file.sha256 !== null) {
        const kept = await store.readMetadata(file.sha256);
        const stored = kept === null ? await store.find(file.sha256, file.filename) : null;
        if (kept !== null) {
            return kept;
        }
        if (stored !== null && (await store.check(stored))) {
            return keep(file, stored, store);
        }
    }
    if (file.size === null || file.size > WHOLE) {
        try {
            return await fromRanges(file, transfers, signal);
        }
        catch (error) {
            if (!(error instanceof Failure) && asRefusal(error) === null) {
                throw error;
            }
        }
    }
    return keep(file, await transfers.get(file).done, store);
}
async function fromRanges(file, transfers, signal) {
    const size = file.size ?? (await transfers.slice(file, 0, 1, signal)).total;
    const read = async (from, to) => (await transfers.slice({ ...file, size }, from, to, signal)).bytes;
    return readZipEntry(size, read, isMetadataOf(file.filename));
}
async function keep(file, stored, store) {
    const handle = await (0,promises_.open)(stored.path, 'r');
    try {
        const read = async (from, to) => {
            const buffer = Buffer.alloc(to - from);
            await handle.read(buffer, 0, buffer.length, from);
            return buffer;
        };
        const metadata = await readZipEntry(stored.size, read, isMetadataOf(file.filename));
        await store.writeMetadata(stored.sha256, metadata);
        return metadata;
    }
    catch (error) {
        const refusal = asRefusal(error);
        if (refusal === null) {
            throw error;
        }
        const problem = {
            where: file.filename,
            what: `This is no wheel: ${refusal.detail}.`,
            remedy: 'Ask for another version, or tell those who publish it.',
        };
        throw new Failure(1, [problem], { cause: error });
    }
    finally {
        await handle.close();
    }
}
/** `{name}-{version}.dist-info/METADATA` at the top (PEP 427), the name in any spelling. */
function isMetadataOf(filename) {
    const wheel = parseFilename(filename);
    return (path) => {
        const folder = /^([^/]+)\.dist-info\/METADATA$/.exec(path)?.[1];
        const name = folder?.slice(0, folder.lastIndexOf('-'));
        return name !== undefined && (wheel === null || normalise(name) === normalise(wheel.name));
    };
}

;// CONCATENATED MODULE: external "node:v8"
const external_node_v8_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:v8");
;// CONCATENATED MODULE: external "node:vm"
const external_node_vm_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:vm");
;// CONCATENATED MODULE: ./.build/src/transfer/young-memory.js


/** Bytes that may arrive between two looks for buffers that nobody needs any more. */
const EVERY = 2 ** 23;
/**
 * Gives the memory of network buffers back while a file arrives. They lie outside of V8's heap, which by itself looks for dead ones too
 * seldom for a fast network: 220 MB were held where 140 MB are enough. A minor collection takes 1 or 2 ms.
 * Answers with what is to be told of every piece that came.
 */
function watchYoungMemory() {
    (0,external_node_v8_namespaceObject.setFlagsFromString)('--expose-gc');
    // The function is there in contexts that are made after the flag was set.
    const collect = (0,external_node_vm_namespaceObject.runInNewContext)('gc');
    let since = 0;
    return (bytes) => {
        since += bytes;
        if (since < EVERY)
            return;
        since = 0;
        collect({ type: 'minor' });
    };
}

;// CONCATENATED MODULE: ./.build/src/transfer/transfers.js









/**
 * Opens the transfers of a run. A source that `sources` does not know gets 16 connections and no credentials. `more` is asked for other
 * places of a file as soon as the last one that is known gives trouble.
 */
function openTransfers(options) {
    const { client, store, log } = options;
    const watchMemory = watchYoungMemory();
    const end = new AbortController();
    const lanes = openLanes(options.sources);
    const works = new Set();
    const running = new Map();
    const started = [];
    const firstSeen = new Map();
    const fetched = {};
    const arrived = new Set();
    let scheduled = false;
    let alarm;
    const dispatch = () => {
        scheduled = false;
        clearTimeout(alarm);
        // A connection that is begun now ends at once and asks for the next one, so that nothing else would get a turn.
        if (around.signal.aborted) {
            return;
        }
        const now = Date.now();
        for (;;) {
            const list = [...works];
            const next = scheduler_choose(list.map((work) => work.want(now)));
            if (next === null) {
                break;
            }
            list[next.want]?.begin(next.route);
        }
        const wakeAt = Math.min(...[...works].map((work) => work.wakeAt(now)));
        if (Number.isFinite(wakeAt)) {
            alarm = setTimeout(changed, Math.max(5, wakeAt - now));
        }
    };
    const changed = () => {
        if (!scheduled) {
            scheduled = true;
            queueMicrotask(dispatch);
        }
    };
    const around = {
        client,
        store,
        log,
        signal: AbortSignal.any([options.signal, end.signal]),
        timings: { ...defaultTimings, ...options.timings },
        lane: lanes.lane,
        credentials: lanes.credentials,
        more: options.more ?? null,
        add: (work) => {
            works.add(work);
            changed();
        },
        remove: (work) => {
            works.delete(work);
            changed();
        },
        changed,
        count: (source, bytes) => {
            watchMemory(bytes);
            fetched[source] = (fetched[source] ?? 0) + bytes;
        },
        arrived: ({ sha256 }) => {
            arrived.add(sha256);
        },
    };
    const start = (file) => {
        const key = transfers_keyOf(file);
        const seen = firstSeen.get(key);
        if (seen !== undefined) {
            return start({ ...file, sha256: seen.sha256, size: seen.size, hashOrigin: 'first-seen' });
        }
        const known = running.get(key);
        if (known !== undefined) {
            return known;
        }
        const sides = readings(file);
        const transfer = sides.length > 1
            ? settleDispute(file, sides, sides.map(start))
            : startFileTransfer(file, key.replace(/[^\w.+!-]/g, '_'), around);
        running.set(key, transfer);
        started.push(transfer);
        transfer.done
            .then((stored) => {
            if (file.sha256 === null) {
                firstSeen.set(key, stored);
            }
        })
            .catch((error) => log.debug(`${file.filename}: ${String(error)}`))
            // The next one who asks finds it in the store, or tries again.
            .finally(() => running.delete(key))
            .catch((error) => log.debug(String(error)));
        return transfer;
    };
    const slice = (file, from, to, signal) => fetchSlice(file, from, to, around, signal);
    return {
        get: start,
        slice,
        metadata: (file, signal) => wheelMetadata(file, { get: start, slice }, store, signal),
        fetched: () => ({ ...fetched }),
        arrived: () => arrived,
        faults: () => started.flatMap((transfer) => transfer.faults()),
        close: async () => {
            end.abort(new Error('the transfers were closed'));
            await Promise.allSettled([...running.values()].map((transfer) => transfer.done));
            clearTimeout(alarm);
        },
    };
}
/** What makes two files one transfer: hash and name, or where no hash is known the addresses and the name. */
function transfers_keyOf(file) {
    const where = file.sha256 ??
        (0,external_node_crypto_.createHash)('sha256')
            .update(file.locations.map((l) => `${l.url} ${l.sha256}`).join('\n'))
            .digest('hex')
            .slice(0, 32);
    return `${where}-${file.filename}`;
}

;// CONCATENATED MODULE: ./.build/src/pipeline/run-gateway.js





/** Addresses that change what the pages hold: the user's own choice of sources. The machine's default is told apart from a list, since a list is exclusive. */
function chosenAddresses(request, roster) {
    const listed = (source) => source.kind === 'private' ||
        source.kind === 'find-links' ||
        (source.kind === 'python' && request.mirrors !== 'auto');
    const copies = request.paddleIndexes.map(({ url }) => url);
    return [...roster.filter(listed).map(({ kind, url }) => `${kind} ${url}`), ...copies];
}
/** Prepares transfers and gateway for a plan. */
function prepareWorks(plan, request, desk, store, context, signal) {
    const name = gatewayName(plan, chosenAddresses(request, desk.roster));
    const transfers = openTransfers({
        client: desk.client,
        store,
        sources: (id) => desk.roster.find((source) => source.id === id),
        more: (file) => morePlaces(desk.sources, file, (project) => plan.origins[project]),
        log: context.log,
        signal,
    });
    let locked = null;
    let gateway = null;
    return {
        transfers,
        origin: `http://${name}.invalid`,
        opened: () => gateway,
        lockTo(lock) {
            locked = lock;
        },
        async open() {
            gateway ??= await openGateway({
                name,
                page: async (project) => (locked === null ? null : lockPage(locked, project)) ?? desk.sources.page(project, plan.origins[project]),
                transfers,
                store,
                log: context.log,
                signal,
            });
            return gateway;
        },
        async close() {
            await gateway?.close();
            await transfers.close();
        },
    };
}

;// CONCATENATED MODULE: ./.build/src/pipeline/tell-traffic.js

/** Writes the lock into the story. */
function tellLock({ story }, lock, path, resolved) {
    story.lock = {
        path,
        files: lock.files.map(({ name, version, filename, kind, size, hashOrigin }) => ({
            name,
            version,
            filename,
            kind,
            size,
            hashOrigin,
        })),
        bytes: lock.files.reduce((sum, file) => sum + (file.size ?? 0), 0),
        resolved,
        unhashed: lock.unhashed,
    };
}
/** Writes what came from where, and what each source did wrong; sources that had nothing to do with the run are left out. */
function tellTraffic({ story }, desk, works) {
    const fetched = works.transfers.fetched();
    const faults = [...desk.sources.faults(), ...works.transfers.faults()];
    const used = new Set([...desk.sources.used(), ...Object.keys(fetched), ...faults.map(({ source }) => source)]);
    const silent = ({ id, kind }) => kind === 'find-links' && (fetched[id] ?? 0) === 0 && !faults.some(({ source }) => source === id);
    const named = desk.roster
        .filter((source) => used.has(source.id) && !silent(source))
        .map(({ id, url, origin }) => ({ id, url: maskUrl(url), origin }));
    const others = [...used]
        .filter((id) => !desk.roster.some((source) => source.id === id))
        .map((id) => ({ id, url: id, origin: 'lock' }));
    story.sources = [...named, ...others].map((source) => ({
        ...source,
        bytes: fetched[source.id] ?? 0,
        faults: faults.filter((fault) => fault.source === source.id),
    }));
    const bytesFetched = Object.values(fetched).reduce((sum, bytes) => sum + bytes, 0);
    if (story.cache !== null)
        story.cache = { ...story.cache, bytesDownloaded: bytesFetched };
    const stats = works.opened()?.stats();
    story.gateway = {
        pages: stats?.pages ?? 0,
        files: stats?.files ?? 0,
        bytesServed: stats?.bytesServed ?? 0,
        bytesFetched,
    };
}

;// CONCATENATED MODULE: ./.build/src/setup.js
















/** From bare Python to a verified PaddlePaddle: look at the machine, decide, obtain the lock, install, tell later steps, prove. */
function setup(request, context) {
    return conclude('setup', request, context, async (run) => {
        const prepared = await prepare(run);
        const found = await findStock(run, prepared);
        const known = await obtainLock(run, prepared, found);
        const ranking = await found?.store.readFact('ranking');
        const desk = openDesk(run, prepared.runner, ranking?.value);
        try {
            if (known !== null)
                tellPlan(run, known.plan);
            const plan = known?.plan ?? (await choosePlan(run, prepared, desk.sources));
            const stock = found ?? (await makeStock(run, prepared));
            try {
                return await carryOut(run, prepared, plan, known?.lock ?? null, desk, stock);
            }
            finally {
                await stock.close();
            }
        }
        finally {
            await desk.client.close();
        }
    });
}
/** Everything after the decision: from here on the machine is changed. `known`: the lock, where there is one already. */
async function carryOut(run, prepared, plan, known, desk, stock) {
    const { request, context, deadline } = run;
    const { store } = stock;
    const works = prepareWorks(plan, request, desk, store, context, deadline.signal);
    try {
        const programs = await bringPrograms(run, prepared, desk, works, stock);
        const lock = known ?? (await resolveLock(run, prepared, plan, desk, works, programs));
        works.lockTo(lock);
        await tellCache(run, prepared, stock, lock, known !== null, works.transfers.arrived());
        const lockPath = await keepLock(store, lock);
        tellLock(run, lock, prepared.choice.kind === 'off' ? '' : lockPath, known === null);
        run.state = { ...run.state, save: toSave(prepared, stock, lock) };
        await checkDiskSpace(run, store, lock, request.venv ?? prepared.runner.interpreter.purelib);
        if (!request.install)
            return await fillCache(run, lock, works);
        const python = await place(run, prepared, lock, known !== null, works, programs);
        const later = await tellLater(run, prepared.runner, python, desk.sources);
        const proved = request.verify === 'off' || (await prove(run, plan, prepared.runner, python, request.verify));
        return { exitCode: proved ? 0 : 3, later };
    }
    finally {
        tellTraffic(run, desk, works);
        await works.close();
        const ranking = await desk.sources.keep();
        if (ranking !== null)
            await store.writeFact('ranking', ranking);
    }
}
/** `install: off`: the files are brought into the store, and nothing else happens. */
async function fillCache({ context }, lock, works) {
    const wanted = lock.files.filter((file) => file.hashOrigin !== 'local').map(indexFile);
    await context.timeline.step('Fill the cache', () => Promise.all(wanted.map((file) => works.transfers.get(file).done)));
    return looked;
}

;// CONCATENATED MODULE: ./.build/package.json
const package_namespaceObject = {"rE":"0.1.0"};
;// CONCATENATED MODULE: ./.build/src/version.js

/** Version of this program. */
const programVersion = package_namespaceObject.rE;

// EXTERNAL MODULE: external "node:util"
var external_node_util_ = __nccwpck_require__(7975);
;// CONCATENATED MODULE: ./.build/src/cli/arguments.js




/** The commands of the CLI with one line of help each. */
const commands = {
    setup: 'install and verify PaddlePaddle',
    plan: 'print what setup would do, and do nothing',
    probe: 'show which sources answer, how fast, and why the others do not',
    verify: 'check an existing environment',
    restore: 'undo what earlier runs changed on this machine',
};
const SWITCHES = ['help', 'version', 'json', 'debug'];
function arguments_nearest(given, known) {
    return known.reduce((best, candidate) => ((0,mod/* distance */.Io)(given, candidate) < (0,mod/* distance */.Io)(given, best) ? candidate : best));
}
/** Reads the command line. Throws one Failure (exit code 2) that names every unknown command, unknown flag and missing value. */
function parseArguments(argv) {
    const names = inputs.map((input) => input.name);
    const options = Object.fromEntries([
        ...names.map((name) => [name, { type: 'string', multiple: true }]),
        ...SWITCHES.map((name) => [name, { type: 'boolean' }]),
        ['h', { type: 'boolean' }],
    ]);
    const { tokens } = (0,external_node_util_.parseArgs)({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true });
    const problems = [];
    const raw = {};
    const switches = new Set();
    const words = [];
    let unknown = Number.NaN;
    for (const token of tokens) {
        // What follows a misspelt flag is most likely its value.
        if (token.kind === 'positional' && token.index !== unknown + 1)
            words.push(token.value);
        if (token.kind !== 'option')
            continue;
        if (SWITCHES.includes(token.name) || token.rawName === '-h')
            switches.add(token.rawName === '-h' ? 'help' : token.name);
        else if (!names.includes(token.name)) {
            unknown = token.index;
            const near = arguments_nearest(token.name, [...names, ...SWITCHES]);
            problems.push({
                where: token.rawName,
                what: 'there is no such flag.',
                remedy: `Did you mean --${near}? \`setup --help\` lists all.`,
            });
        }
        else if (token.value === undefined || (!token.inlineValue && token.value.startsWith('--'))) {
            // A flag stands where the value should be: what follows that flag is its value and no mistake of its own.
            if (token.value !== undefined)
                unknown = token.index + 1;
            problems.push({
                where: token.rawName,
                what: 'it needs a value.',
                remedy: `Write ${token.rawName} VALUE, or ${token.rawName}= for an empty one.`,
            });
        }
        else if (raw[token.name] === undefined)
            raw[token.name] = token.value;
        else if (inputs.some(({ name, type }) => name === token.name && type === 'lines')) {
            raw[token.name] = `${raw[token.name]}\n${token.value}`;
        }
        else {
            problems.push({ where: token.rawName, what: 'it is given twice.', remedy: 'Write it once.' });
        }
    }
    const [word, ...rest] = words;
    const command = Object.keys(commands).find((name) => name === word);
    if (word !== undefined && command === undefined && word !== 'help') {
        problems.push({
            where: word,
            what: 'there is no such command.',
            remedy: `Did you mean ${arguments_nearest(word, Object.keys(commands))}? The commands are ${Object.keys(commands).join(', ')}.`,
        });
    }
    for (const extra of rest) {
        problems.push({
            where: extra,
            what: 'this word belongs to no flag.',
            remedy: 'Quote a value that holds blanks, and write --flag before it.',
        });
    }
    if (problems.length > 0)
        throw new Failure(2, problems);
    const wanted = switches.has('version') ? 'version' : switches.has('help') || command === undefined ? 'help' : command;
    return { command: wanted, raw, json: switches.has('json'), debug: switches.has('debug') };
}

;// CONCATENATED MODULE: ./.build/src/cli/help.js


const WIDTH = 100;
function wrap(text, indent) {
    const lines = [];
    let line = '';
    for (const word of text.split(' ')) {
        if (line !== '' && indent + line.length + 1 + word.length > WIDTH) {
            lines.push(line);
            line = word;
        }
        else
            line = line === '' ? word : `${line} ${word}`;
    }
    return [...lines, line].join(`\n${' '.repeat(indent)}`);
}
/** The whole help: commands, every input with its default, exit codes, files. */
function formatHelp() {
    const commandLines = Object.entries(commands).map(([name, help]) => `  ${name.padEnd(10)}${help}`);
    const inputLines = inputs.map((input) => {
        const fallback = input.default === null || input.default === '' ? '' : ` Default: ${input.default}.`;
        return `  --${input.name}\n      ${wrap(`${input.help}${fallback}`, 6)}`;
    });
    return [
        'From bare Python to a verified PaddlePaddle, on any network.',
        '',
        'Usage: node dist/cli/index.js COMMAND [--input VALUE ...]',
        '',
        'Commands:',
        ...commandLines,
        '',
        'Inputs (the same names as the action has; all commands take those that concern them):',
        ...inputLines,
        '',
        'Other flags:',
        '  --json      print the result as JSON on standard output (plan, probe, verify)',
        '  --debug     say more on standard error',
        '  --help, --version',
        '',
        'Exit codes: 0 done, 1 failed, 2 the request is wrong or has no solution, 3 verification failed.',
        '',
    ].join('\n');
}

;// CONCATENATED MODULE: ./.build/src/cli/spell.js

const spell_names = inputs.map(({ name }) => name);
const written = new RegExp(`(["\`])(${spell_names.join('|')}): ([^"\`]+)\\1`, 'g');
/** A text speaks of inputs as a workflow writes them (`"device: cpu"`); in a shell they are flags (`--device cpu`). */
function spellTextAsFlags(text) {
    return text.replace(written, (_whole, quote, name, value) => {
        const word = /^(?:[\w.:/=+-]+|'[^']*')$/.test(value) ? value : `'${value}'`;
        return `${quote}--${name} ${word}${quote}`;
    });
}
/** A problem with its input and its words spelt as flags. */
function spellAsFlags({ where, what, remedy }) {
    return {
        where: spell_names.includes(where) ? `--${where}` : where,
        what: spellTextAsFlags(what),
        remedy: spellTextAsFlags(remedy),
    };
}

;// CONCATENATED MODULE: ./.build/src/cli/run.js


















const run_runs = {
    setup: setup,
    plan: plan,
    probe: probeSources,
    verify: verifyEnvironment,
    restore: restore,
};
function formatOutcome(report) {
    if (report.command === 'plan')
        return formatPlan(report);
    if (report.command === 'probe')
        return formatProbes(report.probes);
    if (report.command === 'restore')
        return '';
    return formatReport(report);
}
/** Stops at the first SIGINT or SIGTERM; a second one ends the process as the system does. */
function stopOnSignals() {
    const stop = new AbortController();
    const abort = () => stop.abort(new Error('stopped by a signal'));
    for (const name of ['SIGINT', 'SIGTERM'])
        process.once(name, abort);
    return stop.signal;
}
/**
 * Runs the CLI: what is asked for goes to standard output, everything else to standard error. Gives the exit code and never throws:
 * a Failure is printed without a stack, a defect of ours with one (exit code 1).
 */
async function runCli(argv) {
    const started = new Date();
    let log = createTerminalLog(process.stderr, process.env['RUNNER_DEBUG'] === '1');
    try {
        const given = parseArguments(argv);
        if (given.command === 'version')
            process.stdout.write(`${programVersion}\n`);
        if (given.command === 'help')
            process.stdout.write(formatHelp());
        if (given.command === 'version' || given.command === 'help')
            return 0;
        log = createTerminalLog(process.stderr, given.debug || process.env['RUNNER_DEBUG'] === '1');
        const signal = stopOnSignals();
        const request = await readRequest(given.raw, 'flag', process.env, log, signal);
        const context = {
            environment: process.env,
            home: (0,external_node_os_.homedir)(),
            log: { ...log, warn: ({ id, text }) => log.warn({ id, text: spellTextAsFlags(text) }) },
            timeline: startTimeline(log.step),
            signal,
            version: programVersion,
            started,
        };
        const outcome = await run_runs[given.command](request, context);
        log.end();
        const { report, exitCode } = outcome;
        if (report.problems.length > 0)
            process.stderr.write(`${log.hide(formatProblems(report.problems.map(spellAsFlags)))}\n`);
        if (given.json)
            process.stdout.write(`${log.hide(JSON.stringify(report, null, 2))}\n`);
        else if (report.outcome === 'done' || report.verification !== null)
            process.stdout.write(log.hide(formatOutcome(report)));
        return exitCode;
    }
    catch (error) {
        log.end();
        if (error instanceof Failure) {
            process.stderr.write(`${log.hide(formatProblems(error.problems.map(spellAsFlags)))}\n`);
            return error.exitCode;
        }
        process.stderr.write(`${log.hide(formatDefect(error))}\n`);
        return 1;
    }
}


/***/ })

/******/ });
/************************************************************************/
/******/ // The module cache
/******/ var __webpack_module_cache__ = {};
/******/ 
/******/ // The require function
/******/ function __nccwpck_require__(moduleId) {
/******/ 	// Check if module is in cache
/******/ 	var cachedModule = __webpack_module_cache__[moduleId];
/******/ 	if (cachedModule !== undefined) {
/******/ 		return cachedModule.exports;
/******/ 	}
/******/ 	// Create a new module (and put it into the cache)
/******/ 	var module = __webpack_module_cache__[moduleId] = {
/******/ 		id: moduleId,
/******/ 		loaded: false,
/******/ 		exports: {}
/******/ 	};
/******/ 
/******/ 	// Execute the module function
/******/ 	var threw = true;
/******/ 	try {
/******/ 		__webpack_modules__[moduleId].call(module.exports, module, module.exports, __nccwpck_require__);
/******/ 		threw = false;
/******/ 	} finally {
/******/ 		if(threw) delete __webpack_module_cache__[moduleId];
/******/ 	}
/******/ 
/******/ 	// Flag the module as loaded
/******/ 	module.loaded = true;
/******/ 
/******/ 	// Return the exports of the module
/******/ 	return module.exports;
/******/ }
/******/ 
/******/ // expose the modules object (__webpack_modules__)
/******/ __nccwpck_require__.m = __webpack_modules__;
/******/ 
/************************************************************************/
/******/ /* webpack/runtime/asset-relocator-loader */
/******/ if (typeof __nccwpck_require__ !== 'undefined') __nccwpck_require__.ab = decodeURIComponent(new URL('.', import.meta.url).pathname).slice(import.meta.url.match(/^file:\/\/\/\w:/) ? 1 : 0, -1) + "/";
/******/ 
/******/ /* webpack/runtime/async module */
/******/ (() => {
/******/ 	var webpackQueues = typeof Symbol === "function" ? Symbol("webpack queues") : "__webpack_queues__";
/******/ 	var webpackExports = typeof Symbol === "function" ? Symbol("webpack exports") : "__webpack_exports__";
/******/ 	var webpackError = typeof Symbol === "function" ? Symbol("webpack error") : "__webpack_error__";
/******/ 	var resolveQueue = (queue) => {
/******/ 		if(queue && queue.d < 1) {
/******/ 			queue.d = 1;
/******/ 			queue.forEach((fn) => (fn.r--));
/******/ 			queue.forEach((fn) => (fn.r-- ? fn.r++ : fn()));
/******/ 		}
/******/ 	}
/******/ 	var wrapDeps = (deps) => (deps.map((dep) => {
/******/ 		if(dep !== null && typeof dep === "object") {
/******/ 			if(dep[webpackQueues]) return dep;
/******/ 			if(dep.then) {
/******/ 				var queue = [];
/******/ 				queue.d = 0;
/******/ 				dep.then((r) => {
/******/ 					obj[webpackExports] = r;
/******/ 					resolveQueue(queue);
/******/ 				}, (e) => {
/******/ 					obj[webpackError] = e;
/******/ 					resolveQueue(queue);
/******/ 				});
/******/ 				var obj = {};
/******/ 				obj[webpackQueues] = (fn) => (fn(queue));
/******/ 				return obj;
/******/ 			}
/******/ 		}
/******/ 		var ret = {};
/******/ 		ret[webpackQueues] = x => {};
/******/ 		ret[webpackExports] = dep;
/******/ 		return ret;
/******/ 	}));
/******/ 	__nccwpck_require__.a = (module, body, hasAwait) => {
/******/ 		var queue;
/******/ 		hasAwait && ((queue = []).d = -1);
/******/ 		var depQueues = new Set();
/******/ 		var exports = module.exports;
/******/ 		var currentDeps;
/******/ 		var outerResolve;
/******/ 		var reject;
/******/ 		var promise = new Promise((resolve, rej) => {
/******/ 			reject = rej;
/******/ 			outerResolve = resolve;
/******/ 		});
/******/ 		promise[webpackExports] = exports;
/******/ 		promise[webpackQueues] = (fn) => (queue && fn(queue), depQueues.forEach(fn), promise["catch"](x => {}));
/******/ 		module.exports = promise;
/******/ 		body((deps) => {
/******/ 			currentDeps = wrapDeps(deps);
/******/ 			var fn;
/******/ 			var getResult = () => (currentDeps.map((d) => {
/******/ 				if(d[webpackError]) throw d[webpackError];
/******/ 				return d[webpackExports];
/******/ 			}))
/******/ 			var promise = new Promise((resolve) => {
/******/ 				fn = () => (resolve(getResult));
/******/ 				fn.r = 0;
/******/ 				var fnQueue = (q) => (q !== queue && !depQueues.has(q) && (depQueues.add(q), q && !q.d && (fn.r++, q.push(fn))));
/******/ 				currentDeps.map((dep) => (dep[webpackQueues](fnQueue)));
/******/ 			});
/******/ 			return fn.r ? promise : getResult();
/******/ 		}, (err) => ((err ? reject(promise[webpackError] = err) : outerResolve(exports)), resolveQueue(queue)));
/******/ 		queue && queue.d < 0 && (queue.d = 0);
/******/ 	};
/******/ })();
/******/ 
/******/ /* webpack/runtime/create fake namespace object */
/******/ (() => {
/******/ 	var getProto = Object.getPrototypeOf ? (obj) => (Object.getPrototypeOf(obj)) : (obj) => (obj.__proto__);
/******/ 	var leafPrototypes;
/******/ 	// create a fake namespace object
/******/ 	// mode & 1: value is a module id, require it
/******/ 	// mode & 2: merge all properties of value into the ns
/******/ 	// mode & 4: return value when already ns object
/******/ 	// mode & 16: return value when it's Promise-like
/******/ 	// mode & 8|1: behave like require
/******/ 	__nccwpck_require__.t = function(value, mode) {
/******/ 		if(mode & 1) value = this(value);
/******/ 		if(mode & 8) return value;
/******/ 		if(typeof value === 'object' && value) {
/******/ 			if((mode & 4) && value.__esModule) return value;
/******/ 			if((mode & 16) && typeof value.then === 'function') return value;
/******/ 		}
/******/ 		var ns = Object.create(null);
/******/ 		__nccwpck_require__.r(ns);
/******/ 		var def = {};
/******/ 		leafPrototypes = leafPrototypes || [null, getProto({}), getProto([]), getProto(getProto)];
/******/ 		for(var current = mode & 2 && value; typeof current == 'object' && !~leafPrototypes.indexOf(current); current = getProto(current)) {
/******/ 			Object.getOwnPropertyNames(current).forEach((key) => (def[key] = () => (value[key])));
/******/ 		}
/******/ 		def['default'] = () => (value);
/******/ 		__nccwpck_require__.d(ns, def);
/******/ 		return ns;
/******/ 	};
/******/ })();
/******/ 
/******/ /* webpack/runtime/define property getters */
/******/ (() => {
/******/ 	// define getter functions for harmony exports
/******/ 	__nccwpck_require__.d = (exports, definition) => {
/******/ 		for(var key in definition) {
/******/ 			if(__nccwpck_require__.o(definition, key) && !__nccwpck_require__.o(exports, key)) {
/******/ 				Object.defineProperty(exports, key, { enumerable: true, get: definition[key] });
/******/ 			}
/******/ 		}
/******/ 	};
/******/ })();
/******/ 
/******/ /* webpack/runtime/ensure chunk */
/******/ (() => {
/******/ 	__nccwpck_require__.f = {};
/******/ 	// This file contains only the entry chunk.
/******/ 	// The chunk loading function for additional chunks
/******/ 	__nccwpck_require__.e = (chunkId) => {
/******/ 		return Promise.all(Object.keys(__nccwpck_require__.f).reduce((promises, key) => {
/******/ 			__nccwpck_require__.f[key](chunkId, promises);
/******/ 			return promises;
/******/ 		}, []));
/******/ 	};
/******/ })();
/******/ 
/******/ /* webpack/runtime/get javascript chunk filename */
/******/ (() => {
/******/ 	// This function allow to reference async chunks
/******/ 	__nccwpck_require__.u = (chunkId) => {
/******/ 		// return url for filenames based on template
/******/ 		return "" + chunkId + ".index.js";
/******/ 	};
/******/ })();
/******/ 
/******/ /* webpack/runtime/hasOwnProperty shorthand */
/******/ (() => {
/******/ 	__nccwpck_require__.o = (obj, prop) => (Object.prototype.hasOwnProperty.call(obj, prop))
/******/ })();
/******/ 
/******/ /* webpack/runtime/make namespace object */
/******/ (() => {
/******/ 	// define __esModule on exports
/******/ 	__nccwpck_require__.r = (exports) => {
/******/ 		if(typeof Symbol !== 'undefined' && Symbol.toStringTag) {
/******/ 			Object.defineProperty(exports, Symbol.toStringTag, { value: 'Module' });
/******/ 		}
/******/ 		Object.defineProperty(exports, '__esModule', { value: true });
/******/ 	};
/******/ })();
/******/ 
/******/ /* webpack/runtime/node module decorator */
/******/ (() => {
/******/ 	__nccwpck_require__.nmd = (module) => {
/******/ 		module.paths = [];
/******/ 		if (!module.children) module.children = [];
/******/ 		return module;
/******/ 	};
/******/ })();
/******/ 
/******/ /* webpack/runtime/import chunk loading */
/******/ (() => {
/******/ 	// no baseURI
/******/ 	
/******/ 	// object to store loaded and loading chunks
/******/ 	// undefined = chunk not loaded, null = chunk preloaded/prefetched
/******/ 	// [resolve, Promise] = chunk loading, 0 = chunk loaded
/******/ 	var installedChunks = {
/******/ 		792: 0
/******/ 	};
/******/ 	
/******/ 	var installChunk = (data) => {
/******/ 		var {ids, modules, runtime} = data;
/******/ 		// add "modules" to the modules object,
/******/ 		// then flag all "ids" as loaded and fire callback
/******/ 		var moduleId, chunkId, i = 0;
/******/ 		for(moduleId in modules) {
/******/ 			if(__nccwpck_require__.o(modules, moduleId)) {
/******/ 				__nccwpck_require__.m[moduleId] = modules[moduleId];
/******/ 			}
/******/ 		}
/******/ 		if(runtime) runtime(__nccwpck_require__);
/******/ 		for(;i < ids.length; i++) {
/******/ 			chunkId = ids[i];
/******/ 			if(__nccwpck_require__.o(installedChunks, chunkId) && installedChunks[chunkId]) {
/******/ 				installedChunks[chunkId][0]();
/******/ 			}
/******/ 			installedChunks[ids[i]] = 0;
/******/ 		}
/******/ 	
/******/ 	}
/******/ 	
/******/ 	__nccwpck_require__.f.j = (chunkId, promises) => {
/******/ 			// import() chunk loading for javascript
/******/ 			var installedChunkData = __nccwpck_require__.o(installedChunks, chunkId) ? installedChunks[chunkId] : undefined;
/******/ 			if(installedChunkData !== 0) { // 0 means "already installed".
/******/ 	
/******/ 				// a Promise means "currently loading".
/******/ 				if(installedChunkData) {
/******/ 					promises.push(installedChunkData[1]);
/******/ 				} else {
/******/ 					if(true) { // all chunks have JS
/******/ 						// setup Promise in chunk cache
/******/ 						var promise = import("./" + __nccwpck_require__.u(chunkId)).then(installChunk, (e) => {
/******/ 							if(installedChunks[chunkId] !== 0) installedChunks[chunkId] = undefined;
/******/ 							throw e;
/******/ 						});
/******/ 						var promise = Promise.race([promise, new Promise((resolve) => (installedChunkData = installedChunks[chunkId] = [resolve]))])
/******/ 						promises.push(installedChunkData[1] = promise);
/******/ 					}
/******/ 				}
/******/ 			}
/******/ 	};
/******/ 	
/******/ 	// no prefetching
/******/ 	
/******/ 	// no preloaded
/******/ 	
/******/ 	// no external install chunk
/******/ 	
/******/ 	// no on chunks loaded
/******/ })();
/******/ 
/************************************************************************/
/******/ 
/******/ // startup
/******/ // Load entry module and return exports
/******/ // This entry module used 'module' so it can't be inlined
/******/ var __webpack_exports__ = __nccwpck_require__(5433);
/******/ __webpack_exports__ = await __webpack_exports__;
/******/ 

/**
 * What user agents of machines have in them: previews of messengers and mail programs, security scanners, monitors,
 * crawlers, libraries. Lower case; each is looked for anywhere in it.
 */
export const MACHINES: readonly string[] = [
  // They say so.
  ...['bot', 'crawl', 'spider', 'scan', 'preview', 'fetch', 'monitor', 'check', 'probe', 'headless', 'validator'],
  // Previews that do not; browsers inside of messengers name the messenger too, and people use them.
  ...['facebookexternalhit', 'facebookcatalog', 'meta-externalagent', 'whatsapp/', 'skypeuri', 'slack-img'],
  ...['line-poker', 'kakaotalk-scrap', 'embedly', 'vkshare', 'iframely', 'unfurl', 'opengraph', 'ms-office'],
  ...['microsoft office', 'google-safety', 'google-read-aloud', 'googleimageproxy', 'yahoomailproxy'],
  // What mail and security gateways open links with.
  ...['barracuda', 'proofpoint', 'mimecast', 'symantec', 'trendmicro', 'forcepoint', 'zscaler', 'sophos', 'cisco'],
  ...['fortinet', 'palo alto', 'safelinks', 'urldefense', 'virustotal', 'netcraft', 'phish'],
  // Programs.
  ...['curl/', 'wget/', 'python', 'java/', 'okhttp', 'go-http-client', 'node', 'axios', 'undici', 'got (', 'ruby'],
  ...['perl', 'libwww', 'php/', 'guzzle', 'apache-http', 'httpclient', 'postman', 'insomnia', 'phantomjs', 'puppeteer'],
  ...['playwright', 'selenium', 'lighthouse', 'pagespeed', 'gtmetrix', 'pingdom', 'uptime', 'statuscake', 'site24x7'],
];

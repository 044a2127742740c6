import { PGlite } from '@electric-sql/pglite';
const t0=performance.now();
const pg = await PGlite.create(process.argv[2]);
await pg.exec('create table if not exists t(id int); insert into t select 1');
console.log('boot', performance.now()-t0, process.memoryUsage().rss/1e6);
await new Promise(r=>setTimeout(r,500));
console.log(process.memoryUsage());

import { RANK } from '../object.js';
import { optionsOf, reader } from '../reader.js';

export const wrappers = reader(
  'pg_foreign_data_wrapper',
  RANK.foreign,
  `select w.oid::int8 as oid, array[concat('CREATE FOREIGN DATA WRAPPER ', quote_ident(w.fdwname),
     case when w.fdwhandler <> 0 then ' HANDLER ' || w.fdwhandler::regproc end,
     case when w.fdwvalidator <> 0 then ' VALIDATOR ' || w.fdwvalidator::regproc end,
     ${optionsOf('w.fdwoptions')})] as sql
   from pg_foreign_data_wrapper w
   where w.oid = any($1::oid[])`,
);

export const servers = reader(
  'pg_foreign_server',
  RANK.foreign,
  `select s.oid::int8 as oid, array[concat('CREATE SERVER ', quote_ident(s.srvname),
     ' TYPE ' || quote_literal(s.srvtype), ' VERSION ' || quote_literal(s.srvversion),
     ' FOREIGN DATA WRAPPER ' || quote_ident(w.fdwname), ${optionsOf('s.srvoptions')})] as sql
   from pg_foreign_server s join pg_foreign_data_wrapper w on w.oid = s.srvfdw
   where s.oid = any($1::oid[])`,
);
